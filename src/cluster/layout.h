// The folder of local services: what lies where, for whom, and what is remembered from one start to the next.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "cluster/service_process.h"

namespace simswarm::cluster {

// What was started last, and how.
struct Memory {
  std::size_t runners = 0;                                    // slots
  std::optional<std::size_t> distcc;                          // nothing: as many as are usual where distccd is there
  std::string store;                                          // mongodb, directory, or a URL without its password
  std::map<std::string, int> ports;                           // of distcc servers
  std::vector<std::pair<std::string, std::string>> services;  // and their addresses, in the order of their start
};

class Layout {
 public:
  explicit Layout(fs::path root) : root_(std::move(root)) {}

  [[nodiscard]] const fs::path& root() const { return root_; }
  // A folder of a service's own: its data and sockets.
  [[nodiscard]] fs::path home(const std::string& service) const { return root_ / service; }
  [[nodiscard]] fs::path log(const std::string& service) const { return root_ / "log" / (service + ".log"); }
  [[nodiscard]] fs::path pid_file(const std::string& service) const { return root_ / "pid" / service; }
  [[nodiscard]] fs::path secret(const std::string& name) const { return root_ / "secret" / name; }
  [[nodiscard]] fs::path settings(const std::string& name) const { return root_ / "settings" / name; }

  // Nothing was ever started here.
  [[nodiscard]] bool is_new() const;
  // Makes what is missing; refuses a folder that has other things in it.
  [[nodiscard]] Status make() const;
  // A service's folder, for it alone.
  [[nodiscard]] Status make_home(const std::string& service, const std::optional<User>& user) const;
  // A settings file that a service reads, and nobody else.
  [[nodiscard]] Status write_settings(const std::string& name, const std::string& text,
                                      const std::optional<User>& user) const;
  // Random where it is not there yet.
  [[nodiscard]] Result<std::string> password(const std::string& name) const;
  // One at a time starts and ends services; the others wait for half a minute.
  [[nodiscard]] Result<Fd> lock() const;
  // A log that has grown large begins anew, with the old one beside it.
  void trim_log(const std::string& service) const;
  // The last line that is not blank, as one that can be shown.
  [[nodiscard]] std::string last_line(const std::string& service) const;

  [[nodiscard]] Result<Memory> remembered() const;
  [[nodiscard]] Status remember(const Memory& memory) const;

 private:
  [[nodiscard]] fs::path memory() const { return root_ / "services"; }

  fs::path root_;
};

// What the kernel has room for in the path of a socket.
inline constexpr std::size_t kLongestSocket = 107;

}  // namespace simswarm::cluster
