// The one place that knows libseccomp.
#include <linux/filter.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

#include "base/files.h"
#include "exec/network.h"

namespace simswarm::exec {
namespace {

struct Release {
  void operator()(void* context) const { ::seccomp_release(context); }
};
using Context = std::unique_ptr<void, Release>;

// EACCES is what socket(2) says where a kind of socket may not be made. io_uring makes sockets, too, past all filters:
// for who asks it is not there.
int add_rules(void* context) {
  int result = ::seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  const scmp_arg_cmp other_family{0, SCMP_CMP_NE, AF_UNIX, 0};
  for (const int call : {SCMP_SYS(socket), SCMP_SYS(socketpair)}) {
    if (result == 0) result = ::seccomp_rule_add_array(context, SCMP_ACT_ERRNO(EACCES), call, 1, &other_family);
  }
  for (const int call : {SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register)}) {
    if (result == 0) result = ::seccomp_rule_add(context, SCMP_ACT_ERRNO(ENOSYS), call, 0);
  }
  return result;
}

Result<std::vector<char>> made() {
  const Context context(::seccomp_init(SCMP_ACT_ALLOW));
  if (!context) return environment_error("no filter of system calls can be made");
  if (const int result = add_rules(context.get()); result != 0)
    return system_error(-result, "a filter of system calls");
  const Fd file(::memfd_create("simswarm-filter", MFD_CLOEXEC));
  if (!file.valid()) return system_error(errno, "a file in memory");
  if (const int result = ::seccomp_export_bpf(context.get(), file.get()); result != 0)
    return system_error(-result, "a filter of system calls");
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return system_error(errno, "a file in memory");
  std::vector<char> program(static_cast<std::size_t>(info.st_size));
  if (::pread(file.get(), program.data(), program.size(), 0) != info.st_size)
    return system_error(EIO, "a file in memory");
  return program;
}

}  // namespace

Result<const SocketFilter*> SocketFilter::get() {
  static const Result<SocketFilter> filter = []() -> Result<SocketFilter> {
    SocketFilter one;
    SIMSWARM_TRY(one.program_, made());
    return one;
  }();
  if (!filter) return propagate(filter.error());
  return &*filter;
}

bool SocketFilter::apply() const {
  auto* instructions = const_cast<char*>(program_.data());  // the kernel only reads them
  const sock_fprog program{static_cast<unsigned short>(program_.size() / sizeof(sock_filter)),
                           reinterpret_cast<sock_filter*>(instructions)};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

}  // namespace simswarm::exec
