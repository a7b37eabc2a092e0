// Where the folders of all tests stand.
#pragma once

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace simswarm {

// A folder of this user's beside few others: a mirror of a project has a link for each entry beside its folders, and
// the system's folder for temporary files may have thousands.
// It is marked as a top folder (chattr +T): ext4 then puts each folder in it into another part of the disk. Else all
// stand in one part, where an ext4 without a journal, as virtual machines may have it, looks at each file that any test
// removed within the last half minute before it makes a new one, which takes it up to a millisecond.
// Its name is short: the path of a socket has 107 bytes at most.
inline std::filesystem::path folder_of_tests() {
  // linux/fs.h has names that sys/mount.h has, too.
  constexpr unsigned long kGetFlags = _IOR('f', 1, long);
  constexpr unsigned long kSetFlags = _IOW('f', 2, long);
  constexpr int kTop = 0x00020000;
  const auto folder =
      std::filesystem::canonical(std::filesystem::temp_directory_path()) / ("simswarm-" + std::to_string(::geteuid()));
  if (std::filesystem::create_directory(folder)) ::chmod(folder.c_str(), 0755);
  const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int flags = 0;
  // Not every file system knows it, and none needs it.
  if (::ioctl(file, kGetFlags, &flags) == 0 && (flags & kTop) == 0) {
    flags |= kTop;
    static_cast<void>(::ioctl(file, kSetFlags, &flags));
  }
  ::close(file);
  return folder;
}

}  // namespace simswarm
