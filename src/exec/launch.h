// What a child does between its birth and the program: namespaces, mounts, user. Internal to this room.
//
// The child shares the parent's memory until it executes the program (clone(2): CLONE_VM | CLONE_VFORK): everything
// here makes system calls only, and allocates nothing.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "exec/network.h"
#include "exec/process.h"

namespace simswarm::exec {

struct Launch {
  // The program.
  const char* program = nullptr;
  std::vector<char*> argv;
  std::vector<char*> environment;
  const char* working_folder = nullptr;
  int output = -1;
  int errors = -1;
  int input = -1;
  const User* run_as = nullptr;
  const std::vector<int>* cores = nullptr;
  std::uint64_t processes = 0;
  const SocketFilter* filter = nullptr;  // set at last; null: none
  // Namespaces that are there already, to be entered; -1: none.
  int enter_users = -1;
  int enter_pids = -1;
  int enter_network = -1;
  int enter_mounts = -1;
  // Namespaces to be made.
  bool user_namespace = false;
  bool inside_users = false;  // mounts are made in an entered user namespace
  bool mount_namespace = false;
  bool network_namespace = false;
  std::string uid_map;
  std::string gid_map;
  // Mounts.
  const char* overlay_place = nullptr;
  const char* overlay_upper = nullptr;
  const char* overlay_work = nullptr;
  const char* overlay_between = nullptr;  // may stay so
  struct Bind {
    const char* source;
    const char* place;
    int fd;  // of the source, opened by the child
    bool late;
  };
  std::vector<Bind> binds;
  // What comes back.
  pid_t second = -1;  // the process in the entered pid namespace
  char* second_stack = nullptr;
  int namespace_fd = -1;  // of a namespace that was made to be kept
  const char* failed_step = nullptr;
  const char* failed_with = "";
  int error_number = 0;
};

// Notes what failed, from errno; false.
bool fail(Launch& launch, const char* step, const char* with = "");
bool write_text(const char* path, std::string_view text);

// In this order: enters what is there, maps users, mounts.
bool enter_namespaces(Launch& launch);
bool become_mapped_user(Launch& launch);
bool mount_all(Launch& launch);
bool raise_loopback(Launch& launch);

void fill_mounts(Launch& launch, const std::optional<OverlayMount>& overlay, const std::vector<BindMount>& binds);
// Runs `child` in a process that shares our memory, and waits until it has executed a program or ended. Its id.
[[nodiscard]] Result<pid_t> clone_child(int (*child)(void*), Launch& launch, int more_flags, int* pidfd);
// What a program is started with, ready for a child. `spec` and `program` must outlive it.
void fill_program(Launch& launch, const ProcessSpec& spec, const fs::path& program);
// Becomes the program, in a child that shares our memory; `argument` is the Launch. Returns when that failed, with 127.
int execute(void* argument);
// The error that a child left in `launch`.
[[nodiscard]] tl::unexpected<Error> launch_error(const Launch& launch, std::string_view what);

}  // namespace simswarm::exec
