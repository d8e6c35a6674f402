#!/bin/bash
# make lint: what tools can say about the sources without running them. Each check is announced;
# what it finds is printed; all of them run, and the exit status is 0 only if all are content.
#
#	clang-format  the layout of C is not a matter of taste
#	clang-tidy    bugprone, some cert, the static analyzer (.clang-tidy says what is off, and why)
#	cppcheck      the same with other eyes (tools/cppcheck.suppress)
#	sparse        address spaces: a __user pointer is never dereferenced; no integer is NULL
#	pyflakes      Python scripts
#	and shellcheck for all that a shell reads
#
# clang-tidy wants the compiler's flags as a compile_commands.json; it is made from the Makefile's.
set -u
cd "$(dirname "$0")/.." || exit 1
build=${BUILD:-build}
jobs=$(nproc)
mkdir -p "$build/lint"
failed=0

mapfile -t c_files < <(git ls-files '*.c' '*.h')
mapfile -t kernel_c < <(git ls-files 'arch/*.c' 'boot/*.c' 'drivers/*.c' 'kernel/*.c' 'lib/*.c' \
	'mm/*.c' 'tests/*.c' | grep -v -e '^tests/host/' -e '^tests/fuzz/')
mapfile -t shell < <(git ls-files '*.sh' '*.t' .ci/run tools/vm | while read -r file; do
	head -n 1 "$file" | grep -qE '^#!.*sh$|shellcheck shell' && echo "$file"
done)
mapfile -t python < <(git ls-files '*.py')
read -r -a flags < <(make -s --no-print-directory LLVM=1 BUILD="$build" print-cflags)
read -r -a gcc_flags < <(make -s --no-print-directory BUILD="$build" print-cflags)

# check NAME COMMAND...: run it, show what it says if it fails.
check() {
	local name=$1 start=$SECONDS
	shift
	if "$@" >"$build/lint/$name.log" 2>&1; then
		printf '  %-12s ok (%d s)\n' "$name" $((SECONDS - start))
	else
		printf '  %-12s FAILED\n' "$name"
		sed 's/^/    /' "$build/lint/$name.log"
		failed=$((failed + 1))
	fi
}

# A line a place is too much: name the files, `make fmt` does the rest.
format() {
	clang-format --dry-run -Werror "${c_files[@]}" 2>"$build/lint/format.out" && return
	sed -n 's/^\([^: ]*\):[0-9]*:[0-9]*: .*/\1: not as .clang-format says: make fmt/p' \
		"$build/lint/format.out" | sort -u
	return 1
}

compile_commands() {
	python3 - "$PWD" "${#flags[@]}" "${flags[@]}" "${kernel_c[@]}" <<-'PYTHON'
		import json, sys
		root, count, rest = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
		print(json.dumps([{"directory": root, "file": f,
		                   "arguments": ["clang", "--target=x86_64-elf", *rest[:count], "-c", f]}
		                  for f in rest[count:]]))
	PYTHON
}

tidy() {
	compile_commands >"$build/lint/compile_commands.json" || return
	printf '%s\n' "${kernel_c[@]}" | xargs -P "$jobs" -n 2 clang-tidy --quiet -p "$build/lint"
}

cpp() {
	cppcheck --quiet --error-exitcode=1 -j "$jobs" --std=c11 --language=c --platform=unix64 \
		--enable=warning,performance,portability --inline-suppr --max-configs=1 -I. \
		-D__x86_64__ '-D__attribute__(x)=' --suppressions-list=tools/cppcheck.suppress "${kernel_c[@]}"
}

# sparse warns and succeeds: any word of it is a finding.
address_spaces() {
	printf '%s\n' "${kernel_c[@]}" |
		xargs -P "$jobs" -n 1 sparse "${gcc_flags[@]}" -m64 -nostdinc \
			-isystem "$(gcc -print-file-name=include)" -Wno-decl -Wno-cast-truncate \
			>"$build/lint/sparse.out" 2>&1
	cat "$build/lint/sparse.out"
	[ ! -s "$build/lint/sparse.out" ]
}

check clang-format format
check clang-tidy tidy
check cppcheck cpp
check sparse address_spaces
check shellcheck shellcheck -x "${shell[@]}"
check pyflakes "$(command -v pyflakes3 || echo pyflakes)" "${python[@]}"
echo "lint: ${#c_files[@]} files of C, ${#shell[@]} of shell, ${#python[@]} of Python;" \
	"$failed checks failed"
[ "$failed" = 0 ]
