/* The starter: makes the system calls of the plans that it is sent, until one of them makes it another program.
 * starter.py does the same, slower. Without a C library, so that it starts at once: cc -nostdlib -static. */

typedef long word;
typedef unsigned long uword;

struct header { unsigned size, calls, pointers, memory; };
struct call { word number, kinds, keep, may_fail, argument[6]; };
struct pointer { uword at, target; };

enum { LITERAL, ADDRESS, KEPT };
static char plan[4 * 1024 * 1024 + 64] __attribute__((aligned(16)));

#if defined(__x86_64__)
enum { READ = 0, WRITE = 1, EXIT = 231 };
static word make(word n, const word *a) {
    word result;
    register word d __asm__("r10") = a[3], e __asm__("r8") = a[4], f __asm__("r9") = a[5];
    __asm__ volatile("syscall" : "=a"(result) : "a"(n), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(d), "r"(e), "r"(f)
                     : "rcx", "r11", "memory");
    return result;
}
__asm__(".globl _start\n_start: mov %rsp, %rdi\nand $-16, %rsp\ncall enter\n");
#elif defined(__aarch64__)
enum { READ = 63, WRITE = 64, EXIT = 94 };
static word make(word n, const word *a) {
    register word number __asm__("x8") = n, r __asm__("x0") = a[0], b __asm__("x1") = a[1], c __asm__("x2") = a[2];
    register word d __asm__("x3") = a[3], e __asm__("x4") = a[4], f __asm__("x5") = a[5];
    __asm__ volatile("svc 0" : "+r"(r) : "r"(number), "r"(b), "r"(c), "r"(d), "r"(e), "r"(f) : "memory");
    return r;
}
__asm__(".globl _start\n_start: mov x0, sp\nb enter\n");
#else
#error "starter.py serves this machine"
#endif

static word call3(word n, word a, word b, word c) {
    word all[6] = {a, b, c, 0, 0, 0};
    return make(n, all);
}

static void leave(word code) {
    for (;;) call3(EXIT, code, 0, 0);
}

static void receive(word control, char *into, uword size) {
    while (size) {
        word got = call3(READ, control, (word)into, (word)size);
        if (got == -4) continue;
        if (got <= 0) leave(125);
        into += got;
        size -= (uword)got;
    }
}

static void fail(word control, unsigned index, word error) {
    int words[3] = {0x4c494146, (int)index, (int)-error}; /* FAIL */
    call3(WRITE, control, (word)words, sizeof words);
    leave(125);
}

static void make_calls(word control) {
    struct header *header = (struct header *)plan;
    receive(control, plan, sizeof *header);
    if (header->size > sizeof plan) leave(125);
    receive(control, plan + sizeof *header, header->size - sizeof *header);
    struct call *calls = (struct call *)(header + 1);
    struct pointer *pointers = (struct pointer *)(calls + header->calls);
    char *memory = (char *)(pointers + header->pointers);
    for (unsigned i = 0; i < header->pointers; i++)
        *(uword *)(memory + pointers[i].at) = (uword)(memory + pointers[i].target);
    for (unsigned i = 0; i < header->calls; i++) {
        struct call *c = calls + i;
        word given[6];
        if (c->number < 0) {
            *(int *)(memory + c->keep) = *(int *)(memory + c->argument[0]);
            continue;
        }
        for (unsigned j = 0; j < 6; j++) {
            word kind = (c->kinds >> (2 * j)) & 3, value = c->argument[j];
            given[j] = kind == ADDRESS ? (word)(memory + value) : kind == KEPT ? *(int *)(memory + value) : value;
        }
        word result = make(c->number, given);
        if (result < 0 && !c->may_fail) fail(control, i, result);
        *(int *)(memory + c->keep) = (int)result;
    }
}

__attribute__((used)) void enter(word *stack) {
    word control = 0;
    char **argv = (char **)(stack + 1);
    for (char *digit = argv[1]; *digit; digit++) control = control * 10 + (*digit - '0');
    for (;;) make_calls(control);
}
