#!/bin/sh
# Print a python3 that has the module named: the one in PATH, else the distribution's own
# (a person's pyenv often hides the one that apt-get installs modules for).
for python in python3 /usr/bin/python3; do
	if "$python" -c "import $1" 2>/dev/null; then
		echo "$python"
		exit 0
	fi
done
echo "pick-python: no python3 has the module $1 (Debian: python3-$1)" >&2
exit 1
