/*
 * A program that uses the ioctls of zcrypt as libica does: the test of src/fuse/z90crypt.ts compiles it for the machine it runs on.
 * Declarations after what programs see of the interface (uapi/asm/zcrypt.h describes it; that header is there on s390 only).
 *
 *   z90crypt-client DEVICE mex MODULUS EXPONENT INPUT      numbers in hexadecimal, all of one length; prints the result
 *   z90crypt-client DEVICE crt P Q DP DQ U INPUT           P, DP and U with the eight bytes of padding in front
 *   z90crypt-client DEVICE status                          a line for each queue
 *   z90crypt-client DEVICE stat COMMAND BYTES              prints what comes back
 *   z90crypt-client DEVICE raw COMMAND                     with a bad pointer
 *   z90crypt-client DEVICE readonly|nothing|beside         output where it must not be; input that may not be read; result behind the struct
 *   z90crypt-client DEVICE thread|reader|user R E S        from another thread; with the file opened for reading; with these user ids
 *   z90crypt-client DEVICE close                           read and write of the file, use after close
 * An error is printed as `errno NUMBER`.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct mex {
	char *input;
	unsigned int input_length;
	char *output;
	unsigned int output_length;
	char *exponent;
	char *modulus;
};

struct crt {
	char *input;
	unsigned int input_length;
	char *output;
	unsigned int output_length;
	char *dp, *dq, *p, *q, *u;
};

struct device {
	unsigned int type : 8;
	unsigned int queue : 16;
	unsigned int online : 1;
	unsigned int functions : 6;
	unsigned int : 1;
};

#define MEX _IOC(_IOC_READ | _IOC_WRITE, 'z', 0x05, 0)
#define CRT _IOC(_IOC_READ | _IOC_WRITE, 'z', 0x06, 0)
#define DEVICE_STATUS _IOC(_IOC_READ | _IOC_WRITE, 'z', 0x5f, 0)

static struct device devices[256 * 256];

static void say(const char *what, int rc)
{
	if (rc < 0)
		printf("%serrno %d\n", what, errno);
	else
		printf("%sok %d\n", what, rc);
}

static char *bytes(const char *hex, unsigned int *length)
{
	unsigned int n = strlen(hex) / 2;
	char *result = malloc(n + 1);
	for (unsigned int i = 0; i < n; i++) {
		unsigned int byte;
		sscanf(hex + 2 * i, "%2x", &byte);
		result[i] = byte;
	}
	if (length != NULL)
		*length = n;
	return result;
}

static void print(const char *data, unsigned int length)
{
	for (unsigned int i = 0; i < length; i++)
		printf("%02x", (unsigned char)data[i]);
	printf("\n");
}

/* 7 to the power of 5 modulo 1001 is 791, 0x0317. */
static struct mex small(char *output)
{
	return (struct mex){ bytes("0007", NULL), 2, output, 4, bytes("0005", NULL), bytes("03e9", NULL) };
}

static int try_small(int fd, const char *what)
{
	char output[4] = { 0, 0, 0x55, 0x55 };
	struct mex request = small(output);
	int rc = ioctl(fd, MEX, &request);
	if (rc < 0)
		say(what, rc);
	else
		printf("%s%02x%02x%02x%02x %u\n", what, output[0] & 255, output[1] & 255, output[2] & 255, output[3] & 255, request.output_length);
	return rc;
}

static void *from_thread(void *fd)
{
	printf("%s ", syscall(SYS_gettid) == getpid() ? "main" : "other");
	try_small(*(int *)fd, "");
	return NULL;
}

static void use_rsa(int fd, char **args)
{
	if (strcmp(args[0], "mex") == 0) {
		struct mex request = { 0 };
		request.modulus = bytes(args[1], &request.input_length);
		request.exponent = bytes(args[2], NULL);
		request.input = bytes(args[3], NULL);
		request.output_length = request.input_length;
		request.output = calloc(1, request.output_length);
		int rc = ioctl(fd, MEX, &request);
		rc < 0 ? say("", rc) : print(request.output, request.output_length);
		return;
	}
	struct crt request = { 0 };
	request.p = bytes(args[1], NULL);
	request.q = bytes(args[2], NULL);
	request.dp = bytes(args[3], NULL);
	request.dq = bytes(args[4], NULL);
	request.u = bytes(args[5], NULL);
	request.input = bytes(args[6], &request.input_length);
	request.output_length = request.input_length;
	request.output = calloc(1, request.output_length);
	int rc = ioctl(fd, CRT, &request);
	rc < 0 ? say("", rc) : print(request.output, request.output_length);
}

static void show_status(int fd)
{
	int rc = ioctl(fd, DEVICE_STATUS, devices);
	if (rc < 0)
		return say("", rc);
	for (int i = 0; i < 256 * 256; i++)
		if (devices[i].type != 0)
			printf("%02x.%04x type %u online %u functions %02x\n", devices[i].queue >> 8, devices[i].queue & 255, devices[i].type,
			       devices[i].online, devices[i].functions);
}

static void misplace(int fd, const char *where)
{
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (strcmp(where, "beside") == 0) {
		struct mex *request = (struct mex *)page;
		*request = small(page + sizeof(*request));
		int rc = ioctl(fd, MEX, request);
		say("", rc);
		print(page + sizeof(*request), 4);
		return;
	}
	struct mex request = small(page);
	page[0] = 0x55;
	if (strcmp(where, "nothing") == 0) {
		request.input = page;
		mprotect(page, 4096, PROT_NONE);
	} else {
		mprotect(page, 4096, PROT_READ);
	}
	say("", ioctl(fd, MEX, &request));
	mprotect(page, 4096, PROT_READ);
	printf("%02x %u\n", page[0], request.output_length);
}

int main(int count, char **args)
{
	const char *what = count > 2 ? args[2] : "";
	int fd = open(args[1], strcmp(what, "reader") == 0 ? O_RDONLY : O_RDWR);
	if (fd < 0) {
		say("open: ", fd);
		return 1;
	}
	if (strcmp(what, "mex") == 0 || strcmp(what, "crt") == 0) {
		use_rsa(fd, args + 2);
	} else if (strcmp(what, "status") == 0) {
		show_status(fd);
	} else if (strcmp(what, "stat") == 0) {
		unsigned int length = atoi(args[4]);
		char *answer = calloc(1, length);
		int rc = ioctl(fd, strtoul(args[3], NULL, 0), answer);
		rc < 0 ? say("", rc) : print(answer, length);
	} else if (strcmp(what, "raw") == 0) {
		say("", ioctl(fd, strtoul(args[3], NULL, 0), (void *)16));
	} else if (strcmp(what, "thread") == 0) {
		pthread_t thread;
		pthread_create(&thread, NULL, from_thread, &fd);
		pthread_join(thread, NULL);
	} else if (strcmp(what, "user") == 0) {
		if (setresuid(atoi(args[3]), atoi(args[4]), atoi(args[5])) != 0)
			say("setresuid: ", -1);
		try_small(fd, "");
	} else if (strcmp(what, "reader") == 0) {
		try_small(fd, "");
	} else if (strcmp(what, "close") == 0) {
		char byte = 0;
		say("read ", read(fd, &byte, 1));
		say("write ", write(fd, &byte, 1));
		close(fd);
		try_small(fd, "");
	} else {
		misplace(fd, what);
	}
	return 0;
}
