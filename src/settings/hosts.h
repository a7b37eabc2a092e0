// Names for `--on`: where a queue and a store are, with their secrets; a file of the user's, for his eyes only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"

namespace simswarm {

struct HostSettings {
  std::string queue;  // URL, its password in it
  std::string store;  // URL, likewise
  std::string image;  // of the toolchain that is meant where nothing else is said; may be empty
};

// $SIMSWARM_HOSTS, or $XDG_CONFIG_HOME/simswarm/hosts.toml, or ~/.config/simswarm/hosts.toml.
[[nodiscard]] fs::path hosts_file();
// [NAME] queue, queue_password_file, store, store_password_file, image. An error names a file that others than its
// owner can read or write, an unknown key with the near misses, or a line that cannot be read. No file: none.
[[nodiscard]] Result<std::map<std::string, HostSettings>> read_hosts(const fs::path& file);
// An error names the near misses.
[[nodiscard]] Result<HostSettings> host_named(const std::string& name);
// Adds, replaces or (no settings) removes a name; the rest of the file stays as it is, the file is 0600, its folder
// 0700.
[[nodiscard]] Status write_host(const fs::path& file, const std::string& name, const HostSettings* settings);

}  // namespace simswarm
