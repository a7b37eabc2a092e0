// Names for `--on`: where a queue and a store are, with their secrets; a file of the user's, for his eyes only.
#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/files.h"

namespace simswarm {

struct HostSettings {
  std::string queue;  // URL, its password in it
  std::string store;  // URL, likewise
  std::string image;  // of the toolchain that is meant where nothing else is said; may be empty
  friend bool operator==(const HostSettings&, const HostSettings&) = default;
};

// One key of a name's table. The reader and the documents take them from here.
struct HostKey {
  std::string_view name;
  std::string_view meaning;
};
inline constexpr std::array kHostKeys{
    HostKey{"queue", "URL of the Redis server: redis://, rediss:// or unix:///path; has to be there"},
    HostKey{"queue_password_file", "file whose first line is its password, where that does not stand in the URL"},
    HostKey{"store", "URL of the store: mongodb://HOST/DATABASE or directory:/absolute/path"},
    HostKey{"store_password_file", "file whose first line is its password, where that does not stand in the URL"},
    HostKey{"image", "toolchain image that is meant where nothing else is said"},
};

// $SIMSWARM_HOSTS, or $XDG_CONFIG_HOME/simswarm/hosts.toml, or ~/.config/simswarm/hosts.toml.
[[nodiscard]] fs::path hosts_file();
// [NAME] with the keys above. An error names a file that others than its owner can read or write, an unknown key with
// the near misses, or a line that cannot be read; never a value. No file: none. Password files are read by
// host_named() alone: one that is away stands in nobody's way who means another name.
[[nodiscard]] Result<std::map<std::string, HostSettings>> read_hosts(const fs::path& file);
// Of hosts_file(), with passwords in the URLs. An error names the near misses.
[[nodiscard]] Result<HostSettings> host_named(const std::string& name);
// Letters, digits, «-», «_» and «.»; the error names it.
[[nodiscard]] Status check_host_name(const std::string& name);
// Adds, replaces or (no settings) removes a name; the rest of the file stays as it is, the file is 0600, its folder
// 0700.
[[nodiscard]] Status write_host(const fs::path& file, const std::string& name, const HostSettings* settings);

}  // namespace simswarm
