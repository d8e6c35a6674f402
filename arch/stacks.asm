; The stacks that exist from the first instruction: one to boot on, one for each exception that
; cannot trust the stack it interrupted (SDM vol. 3, 6.14.5: the interrupt stack table).
;
; Each lies above a guard page, which paging_init() leaves unmapped, so that running over the end
; is a fault and not a quiet overwrite. arch/stacktrace.c lists them by name. Assembly because C has no way to
; ask for a section of its own that takes no room in the image.

	bits 64

PAGE_SIZE	equ 4096
BOOT_STACK_SIZE	equ 16 * 1024
IST_STACK_SIZE	equ 8 * 1024

%macro DEFINE_STACK 2			; name, size
	global %1
	global %1_top
	resb PAGE_SIZE			; the guard
%1:
	resb %2
%1_top:
%endmacro

	section .stacks nobits alloc noexec write align=4096

	DEFINE_STACK boot_stack, BOOT_STACK_SIZE
	DEFINE_STACK df_stack, IST_STACK_SIZE
	DEFINE_STACK nmi_stack, IST_STACK_SIZE
	DEFINE_STACK mc_stack, IST_STACK_SIZE
	DEFINE_STACK db_stack, IST_STACK_SIZE
