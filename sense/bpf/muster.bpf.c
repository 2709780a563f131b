// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
//
// What the kernel tells Muster about processes, at the moment it happens:
//   on_exit    a watched process ended, and how
//   on_victim  a watched process was chosen to die for want of memory
//   on_signal  a signal that may end, stop or reload a watched process, and who sent it
//   on_exec    every program start, remembered for a while; a few names are reported at once
//
// The structs below hold only the fields that are read; their places in the running kernel are found when the
// programs are loaded (CO-RE), so that no kernel header belongs to the build. Raw tracepoints need neither kprobes
// nor fentry, which some kernels lack. `sense/src/process/ebpf/record.rs` reads what is written here.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

// ---- The kernel's structs, as far as they are read ----------------------------------------------------------------

#define KERNEL __attribute__((preserve_access_index))
struct ns_common { unsigned int inum; } KERNEL;
struct pid_namespace { struct ns_common ns; } KERNEL;
struct upid { int nr; struct pid_namespace *ns; } KERNEL;
struct pid { unsigned int level; struct upid numbers[1]; } KERNEL;
typedef struct { unsigned int val; } kuid_t;
struct cred { kuid_t uid; } KERNEL;
typedef struct { int counter; } atomic_t;
struct tty_struct { char name[64]; } KERNEL;
struct signal_struct { atomic_t live; int group_exit_code; unsigned int flags; struct tty_struct *tty; } KERNEL;
struct mm_struct { unsigned long arg_start, arg_end; } KERNEL;
struct task_struct {
	struct pid *thread_pid;
	struct task_struct *group_leader, *real_parent;
	struct signal_struct *signal;
	const struct cred *real_cred;
	struct mm_struct *mm;
	kuid_t loginuid;
	__u64 start_boottime;
	int exit_code;
	char comm[16];
} KERNEL;
struct linux_binprm { const char *filename; } KERNEL;
struct kernel_siginfo { int si_signo, si_errno, si_code; }; // laid out as userspace knows it (MIPS apart): needs no relocation

// ---- What userspace reads -----------------------------------------------------------------------------------------

#define PARENTS 8
#define ARGS_SIZE 384
#define NONE 0xffffffffu
#define TICK_NS 10000000ull // /proc counts start times in hundredths of a second (USER_HZ) on every architecture we run on

enum kind { ENDED = 1, VICTIM = 2, SIGNALLED = 3, STARTED = 4 };

struct ancestor { __u32 pid, pad; __u64 start; char comm[16]; };

// A process and where it comes from: everything that is lost once it is gone.
struct person {
	__u64 start;          // in ticks since boot
	__u32 pid, uid, login_uid;
	__u32 parents_len;
	__u32 args_len;
	__u32 args_cut;       // 1: there were more arguments
	char comm[16], tty[16];
	struct ancestor parents[PARENTS];
	char exe[128];        // empty: unknown here
	char args[ARGS_SIZE]; // separated by NUL
};

struct end {
	__u32 kind, pid;
	__u64 start, at;      // ticks; nanoseconds since boot
	__u32 code, memory;   // wait(2) status; 1: killed for want of memory
};

struct deed {
	__u32 kind, target;
	__u64 target_start, at;
	__u32 signal, by_kernel;
	struct person who;
};

struct watched { __u64 start; __u32 memory, killed; };

// ---- Maps ---------------------------------------------------------------------------------------------------------

const volatile __u32 pid_namespace_inum = 0; // set by the loader: the inode of /proc/self/ns/pid

#define MAP(NAME, TYPE, KEY, VALUE, MAX, FLAGS) struct { \
	__uint(type, TYPE); __uint(max_entries, MAX); __uint(map_flags, FLAGS); __type(key, KEY); __type(value, VALUE); \
} NAME SEC(".maps")

typedef struct { char text[16]; } name_t;
MAP(WATCHED, BPF_MAP_TYPE_HASH, __u32, struct watched, 65536, BPF_F_NO_PREALLOC);
MAP(PROGRAMS, BPF_MAP_TYPE_HASH, name_t, __u32, 4096, BPF_F_NO_PREALLOC);
MAP(STARTS, BPF_MAP_TYPE_LRU_HASH, __u32, struct person, 8192, 0);
MAP(SCRATCH, BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct deed, 2, 0);
MAP(LOST, BPF_MAP_TYPE_ARRAY, __u32, __u64, 2, 0);
// Two rings, so that a storm of commands cannot crowd out the end of a service.
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 256 * 1024); } ENDS SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 1024 * 1024); } DEEDS SEC(".maps");

static __always_inline void count_lost(__u32 which)
{
	__u64 *count = bpf_map_lookup_elem(&LOST, &which);

	if (count)
		__sync_fetch_and_add(count, 1);
}

// ---- Reading a task -----------------------------------------------------------------------------------------------

// The pid of a process in Muster's pid namespace, 0 when it has none there. Helpers would give the outermost pid;
// a process has one number for each namespace from the outermost to its own, and ours is usually its own.
static __always_inline __u32 pid_of(struct task_struct *leader)
{
	struct pid *pid = BPF_CORE_READ(leader, thread_pid);
	unsigned int level;

	if (!pid)
		return 0;
	level = BPF_CORE_READ(pid, level);
	for (int i = 0; i < 8; i++) {
		struct upid number;

		bpf_core_read(&number, sizeof(number), &pid->numbers[level & 31]);
		if (BPF_CORE_READ(number.ns, ns.inum) == pid_namespace_inum)
			return number.nr;
		if (level == 0)
			break;
		level--;
	}
	return 0;
}

static __always_inline __u64 start_of(struct task_struct *leader)
{
	return BPF_CORE_READ(leader, start_boottime) / TICK_NS;
}

static __always_inline struct watched *watched_task(struct task_struct *leader, __u32 *pid)
{
	struct watched *watched;

	*pid = pid_of(leader);
	if (!*pid)
		return 0;
	watched = bpf_map_lookup_elem(&WATCHED, pid);
	return watched && watched->start == start_of(leader) ? watched : 0;
}

static __always_inline void read_parents(struct task_struct *leader, struct person *who)
{
	struct task_struct *task = leader;
	__u32 n = 0;

	for (int i = 0; i < PARENTS; i++) {
		struct ancestor *parent = &who->parents[i];

		task = BPF_CORE_READ(task, real_parent, group_leader);
		parent->pid = task ? pid_of(task) : 0;
		if (!parent->pid)
			break;
		parent->start = start_of(task);
		bpf_core_read(parent->comm, sizeof(parent->comm), &task->comm);
		n++;
		if (parent->pid == 1)
			break;
	}
	who->parents_len = n;
}

// The arguments can be read because the task is the current one: its memory is mapped.
static __always_inline void read_own_arguments(struct task_struct *current, struct person *who)
{
	struct mm_struct *mm = BPF_CORE_READ(current, mm);
	__u64 start, length;

	who->args_len = 0;
	who->args_cut = 0;
	if (!mm)
		return;
	start = BPF_CORE_READ(mm, arg_start);
	length = BPF_CORE_READ(mm, arg_end) - start;
	if (length > ARGS_SIZE) {
		length = ARGS_SIZE;
		who->args_cut = 1;
	}
	asm volatile("" : "+r"(length)); // keeps the bound in the register that the verifier looks at
	if (length > ARGS_SIZE)
		return;
	if (!bpf_probe_read_user(who->args, length, (void *)start))
		who->args_len = length;
}

// Fills `who` from the current task.
static __always_inline void read_current(struct task_struct *current, struct person *who)
{
	struct task_struct *leader = BPF_CORE_READ(current, group_leader);
	struct tty_struct *tty = BPF_CORE_READ(leader, signal, tty);

	who->start = start_of(leader);
	who->pid = pid_of(leader);
	who->uid = BPF_CORE_READ(current, real_cred, uid.val);
	who->login_uid = bpf_core_field_exists(leader->loginuid) ? BPF_CORE_READ(leader, loginuid.val) : NONE;
	bpf_core_read(who->comm, sizeof(who->comm), &leader->comm);
	who->tty[0] = 0;
	if (tty)
		bpf_probe_read_kernel_str(who->tty, sizeof(who->tty), &tty->name);
	who->exe[0] = 0;
	read_parents(leader, who);
	read_own_arguments(current, who);
}

// ---- The end of a process -----------------------------------------------------------------------------------------

#define SIGNAL_GROUP_EXIT 4

SEC("raw_tp/sched_process_exit")
int on_exit(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (void *)ctx->args[0];
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	struct task_struct *leader;
	struct watched *watched;
	struct end *end;
	__u32 pid;

	if (BPF_CORE_READ(signal, live.counter) > 0) // other threads go on
		return 0;
	leader = BPF_CORE_READ(task, group_leader);
	watched = watched_task(leader, &pid);
	if (!watched)
		return 0;
	end = bpf_ringbuf_reserve(&ENDS, sizeof(*end), 0);
	if (!end) {
		count_lost(0); // stays in WATCHED: userspace looks for it when it sees the count
		return 0;
	}
	end->kind = ENDED;
	end->pid = pid;
	end->start = watched->start;
	end->at = bpf_ktime_get_boot_ns();
	end->memory = watched->memory;
	end->code = BPF_CORE_READ(signal, flags) & SIGNAL_GROUP_EXIT ? BPF_CORE_READ(signal, group_exit_code) : BPF_CORE_READ(leader, exit_code);
	if (bpf_map_delete_elem(&WATCHED, &pid)) // the last two threads can both see that no other lives: one reports
		bpf_ringbuf_discard(end, 0);
	else
		bpf_ringbuf_submit(end, 0);
	return 0;
}

// Before Linux 6.9 the tracepoint gave the outermost pid instead of the task; it is ours only in the outermost namespace.
SEC("raw_tp/mark_victim")
int on_victim(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 victim = ctx->args[0];
	struct watched *watched;
	struct end *end;
	__u32 pid = victim;

	if (victim >> 32) {
		watched = watched_task(BPF_CORE_READ((struct task_struct *)victim, group_leader), &pid);
	} else {
		if (pid_namespace_inum != 0xeffffffc) // PROC_PID_INIT_INO
			return 0;
		watched = bpf_map_lookup_elem(&WATCHED, &pid);
	}
	if (!watched || watched->killed) // a process that was dying anyway is marked too, to let it at the reserves
		return 0;
	watched->memory = 1;
	end = bpf_ringbuf_reserve(&ENDS, sizeof(*end), 0);
	if (!end) {
		count_lost(1);
		return 0;
	}
	end->kind = VICTIM;
	end->pid = pid;
	end->start = watched->start;
	end->at = bpf_ktime_get_boot_ns();
	end->memory = 1;
	end->code = 9;
	bpf_ringbuf_submit(end, 0);
	return 0;
}

// ---- Signals ------------------------------------------------------------------------------------------------------

#define BIT(N) (1ull << (N))
// HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 TERM CONT STOP TSTP XCPU XFSZ SYS
#define REPORTED (BIT(1) | BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(9) | BIT(10) | BIT(11) | \
	BIT(12) | BIT(15) | BIT(18) | BIT(19) | BIT(20) | BIT(24) | BIT(25) | BIT(31))
#define SIGKILL 9
#define SIGCONT 18

// `info` is a pointer, or 0 (by the current process) or 1 (by the kernel). Of real ones, codes above 0 are the
// kernel's, 0, -1 and -6 are kill(2), sigqueue(3) and tgkill(2); the rest are timers and the like.
static __always_inline int sent_by_kernel(__u64 info)
{
	int code;

	if (info <= 1)
		return info == 1;
	if (bpf_probe_read_kernel(&code, sizeof(code), &((struct kernel_siginfo *)info)->si_code))
		return 1;
	return code != 0 && code != -1 && code != -6;
}

SEC("raw_tp/signal_generate")
int on_signal(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 signal = ctx->args[0], result = ctx->args[4], slot = 1, pid;
	struct task_struct *target = (void *)ctx->args[2];
	struct watched *watched;
	struct deed *deed;

	if (signal > 31 || !(BIT(signal) & REPORTED))
		return 0;
	// TRACE_SIGNAL_DELIVERED 0, _IGNORED 1, _ALREADY_PENDING 2, _OVERFLOW_FAIL 3, _LOSE_INFO 4. CONT does its work
	// before the kernel looks whether it is ignored.
	if (result == 3 || (result == 1 && signal != SIGCONT))
		return 0;
	watched = watched_task(BPF_CORE_READ(target, group_leader), &pid);
	if (!watched)
		return 0;
	deed = bpf_map_lookup_elem(&SCRATCH, &slot);
	if (!deed)
		return 0;
	deed->kind = SIGNALLED;
	deed->target = pid;
	deed->target_start = watched->start;
	deed->at = bpf_ktime_get_boot_ns();
	deed->signal = signal;
	deed->by_kernel = sent_by_kernel(ctx->args[1]);
	if (!deed->by_kernel) {
		if (signal == SIGKILL)
			watched->killed = 1;
		read_current((struct task_struct *)bpf_get_current_task(), &deed->who);
	}
	if (bpf_ringbuf_output(&DEEDS, deed, sizeof(*deed), 0))
		count_lost(1);
	return 0;
}

// ---- Program starts -----------------------------------------------------------------------------------------------

SEC("raw_tp/sched_process_exec")
int on_exec(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (void *)ctx->args[0];
	struct linux_binprm *bprm = (void *)ctx->args[2];
	struct deed *deed;
	__u32 slot = 0;
	name_t name;

	deed = bpf_map_lookup_elem(&SCRATCH, &slot);
	if (!deed)
		return 0;
	read_current(task, &deed->who);
	if (!deed->who.pid)
		return 0;
	bpf_probe_read_kernel_str(deed->who.exe, sizeof(deed->who.exe), BPF_CORE_READ(bprm, filename));
	bpf_map_update_elem(&STARTS, &deed->who.pid, &deed->who, BPF_ANY);
	__builtin_memset(&name, 0, sizeof(name)); // what follows the end of a comm is not always zero
	bpf_probe_read_kernel_str(&name, sizeof(name), deed->who.comm);
	if (!bpf_map_lookup_elem(&PROGRAMS, &name))
		return 0;
	deed->kind = STARTED;
	deed->target = deed->who.pid;
	deed->target_start = deed->who.start;
	deed->at = bpf_ktime_get_boot_ns();
	deed->signal = 0;
	deed->by_kernel = 0;
	if (bpf_ringbuf_output(&DEEDS, deed, sizeof(*deed), 0))
		count_lost(1);
	return 0;
}
