/* Error numbers in words, for people at the prompt. */
#include <kernel/monitor/monitor.h>
#include <lib/errno.h>

static const struct {
	int err;
	const char *name, *text;
} errors[] = {
	{EPERM, "EPERM", "not permitted"},
	{ENOENT, "ENOENT", "there is no such thing"},
	{EINTR, "EINTR", "interrupted"},
	{EIO, "EIO", "input/output error"},
	{ENXIO, "ENXIO", "no such address or device"},
	{E2BIG, "E2BIG", "too long"},
	{EAGAIN, "EAGAIN", "try again"},
	{ENOMEM, "ENOMEM", "out of memory"},
	{EACCES, "EACCES", "access denied"},
	{EFAULT, "EFAULT", "bad address"},
	{EBUSY, "EBUSY", "busy"},
	{EEXIST, "EEXIST", "exists already"},
	{ENODEV, "ENODEV", "no such device"},
	{EINVAL, "EINVAL", "invalid argument"},
	{ENOSPC, "ENOSPC", "no space left"},
	{ERANGE, "ERANGE", "out of range"},
	{ENOSYS, "ENOSYS", "not implemented"},
	{EBADMSG, "EBADMSG", "malformed data"},
	{EOVERFLOW, "EOVERFLOW", "does not fit"},
	{EOPNOTSUPP, "EOPNOTSUPP", "not supported"},
	{ETIMEDOUT, "ETIMEDOUT", "timed out"},
};

const char *errno_text(int err, const char **name)
{
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		if (errors[i].err == err) {
			*name = errors[i].name;
			return errors[i].text;
		}
	}
	*name = "?";
	return "an error without a name";
}
