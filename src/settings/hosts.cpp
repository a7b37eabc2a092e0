#include "settings/hosts.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "base/text.h"
#include "settings/hosts_private.h"
#include "settings/settings_node.h"
#include "simulator/command_text.h"

namespace simswarm {
namespace {

// A host as it stands in the file.
struct Written {
  HostSettings settings;
  std::string queue_password_file;
  std::string store_password_file;
  std::size_t line = 0;  // of [NAME]
};
using AllWritten = std::map<std::string, Written>;

fs::path home() {
  if (const char* said = std::getenv("HOME"); said != nullptr && *said == '/') return said;
  const passwd* entry = ::getpwuid(::geteuid());
  return entry != nullptr ? entry->pw_dir : "/";
}

std::vector<std::string> known_keys() {
  std::vector<std::string> names;
  for (const HostKey& key : kHostKeys) names.emplace_back(key.name);
  return names;
}

bool begins_with_any(std::string_view text, std::initializer_list<std::string_view> beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(), [&](std::string_view one) { return text.starts_with(one); });
}

std::string* place_of(std::string_view key, Written& host) {
  if (key == "queue") return &host.settings.queue;
  if (key == "store") return &host.settings.store;
  if (key == "image") return &host.settings.image;
  if (key == "queue_password_file") return &host.queue_password_file;
  return key == "store_password_file" ? &host.store_password_file : nullptr;
}

// Reads one text of a file. Values may be secrets, or have some in them: no message has one.
class HostsReader {
 public:
  explicit HostsReader(const fs::path& file) : file_(file) {}

  Result<AllWritten> read(std::string_view text) {
    Result<SettingsNode> root = parse_toml(text, file_.string());
    if (!root) return without_quotes(root.error().message);
    AllWritten all;
    for (const auto& [name, value] : root->members) {
      const Status good = check_host_name(name);
      if (!good) return wrong(value.line, good.error().message);
      if (value.kind != SettingsNode::Kind::kTable)
        return wrong(value.line, fmt::format("«{}» stands outside of a host; begin one with [NAME]", name));
      SIMSWARM_TRY(all[name], host(name, value));
    }
    return all;
  }

 private:
  [[nodiscard]] tl::unexpected<Error> wrong(std::size_t line, const std::string& what) const {
    return usage_error("{}:{}: {}", file_.string(), line, what);
  }

  // The parser quotes what it cannot read.
  [[nodiscard]] tl::unexpected<Error> without_quotes(const std::string& message) const {
    const std::size_t begin = std::min(file_.string().size() + 1, message.size());
    return wrong(
        static_cast<std::size_t>(parse_int(message.substr(begin, message.find(':', begin) - begin)).value_or(1)),
        "this cannot be read; expected are [NAME] and lines like queue = \"unix:///path\"");
  }

  Result<Written> host(const std::string& name, const SettingsNode& table) const {
    Written host;
    host.line = table.line;
    for (const auto& [key, value] : table.members) {
      std::string* const place = place_of(key, host);
      if (place == nullptr && value.kind == SettingsNode::Kind::kTable)
        return wrong(value.line, fmt::format("a name with a dot stands in quotes: [\"{}.{}\"]", name, key));
      if (place == nullptr) return unknown(name, key, value.line);
      if (value.kind != SettingsNode::Kind::kText || value.text.empty())
        return wrong(value.line, fmt::format("{}.{}: expected a text in quotes", name, key));
      *place = value.text;
      SIMSWARM_CHECK(check(name, key, value));
    }
    if (host.settings.queue.empty()) return wrong(table.line, fmt::format("[{}] has no queue = \"URL\"", name));
    return host;
  }

  [[nodiscard]] tl::unexpected<Error> unknown(const std::string& name, const std::string& key, std::size_t line) const {
    std::string near = did_you_mean(key, known_keys());
    if (near.empty()) near = "; known are " + join(known_keys(), ", ");
    return wrong(line, fmt::format("unknown key «{}» in [{}]{}", key, name, near));
  }

  [[nodiscard]] Status check(const std::string& name, const std::string& key, const SettingsNode& value) const {
    if (key == "queue" && !begins_with_any(value.text, {"redis://", "rediss://", "unix://"}))
      return wrong(value.line,
                   fmt::format("{}.queue: expected a URL that begins with redis://, rediss:// or unix://", name));
    if (key == "store" && !begins_with_any(value.text, {"mongodb://", "mongodb+srv://", "directory:/"})) {
      return wrong(value.line, fmt::format("{}.store: expected mongodb://HOST/DATABASE, mongodb+srv://HOST/DATABASE or "
                                           "directory:/absolute/path",
                                           name));
    }
    return {};
  }

  const fs::path& file_;
};

Result<std::string> text_of(const fs::path& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0 && errno == ENOENT) return std::string();
  return read_private(file);
}

Result<AllWritten> read_written(const fs::path& file) {
  SIMSWARM_TRY(const std::string text, text_of(file));
  return HostsReader(file).read(text);
}

// Into the URL; a relative path counts from the folder of the hosts' file.
Status put_password(const fs::path& file, std::string password_file, std::string& url) {
  if (password_file.empty()) return {};
  if (password_file.starts_with("~/")) password_file = home() / password_file.substr(2);
  SIMSWARM_TRY(const std::string text, read_private(absolute_from(file.parent_path(), password_file)));
  const std::string password = text.substr(0, text.find_first_of("\r\n"));
  if (password.empty()) return usage_error("the first line of the password file {} is empty", password_file);
  url = with_password(url, password);
  return {};
}

tl::unexpected<Error> unknown_host(const fs::path& file, const std::string& name, const AllWritten& all) {
  if (all.empty())
    return usage_error("no host «{}»: {} names none; `simswarm services up` makes local-services", name, file.string());
  std::vector<std::string> names;
  for (const auto& [known, host] : all) names.push_back(known);
  std::string near = did_you_mean(name, names);
  if (near.empty()) near = "; there are " + join(names, ", ");
  return usage_error("no host «{}» in {}{}", name, file.string(), near);
}

std::string toml_text(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      quoted += fmt::format("\\u{:04X}", static_cast<unsigned char>(c));
    } else {
      if (c == '"' || c == '\\') quoted += '\\';
      quoted += c;
    }
  }
  return quoted + "\"";
}

std::vector<std::string> lines_of(const HostSettings& settings) {
  std::vector<std::string> lines{"queue = " + toml_text(settings.queue)};
  if (!settings.store.empty()) lines.push_back("store = " + toml_text(settings.store));
  if (!settings.image.empty()) lines.push_back("image = " + toml_text(settings.image));
  return lines;
}

bool sets_a_key(std::string_view line) {
  line = trim(line.substr(0, line.find('=')));
  return std::any_of(kHostKeys.begin(), kHostKeys.end(), [&](const HostKey& key) { return line == key.name; });
}

// The file's lines with this host written anew, or taken out. Comments stay, wherever they stand.
std::vector<std::string> edited(const std::vector<std::string>& before, const std::string& name,
                                const HostSettings* settings, const AllWritten& all) {
  std::vector<std::string> after;
  const std::vector<std::string> own = settings != nullptr ? lines_of(*settings) : std::vector<std::string>{};
  const auto found = all.find(name);
  bool inside = false;
  for (std::size_t i = 0; i < before.size(); ++i) {
    const bool header = std::any_of(all.begin(), all.end(), [&](const auto& one) { return one.second.line == i + 1; });
    if (header) inside = found != all.end() && found->second.line == i + 1;
    if (inside && header) {
      if (settings != nullptr) after.push_back(before[i]);
      after.insert(after.end(), own.begin(), own.end());
    } else if (!inside || !sets_a_key(before[i])) {
      after.push_back(before[i]);
    }
  }
  if (found == all.end() && settings != nullptr) {
    if (!after.empty() && !trim(after.back()).empty()) after.emplace_back();
    after.push_back("[" + (name.find('.') == std::string::npos ? name : toml_text(name)) + "]");
    after.insert(after.end(), own.begin(), own.end());
  }
  return after;
}

// What was meant is what is read from it; tables may be written in ways that lines do not tell.
Status check_edited(const fs::path& file, const std::string& text, const std::string& name,
                    const HostSettings* settings, const AllWritten& before) {
  const Result<AllWritten> after = HostsReader(file).read(text);
  bool good = after.has_value() &&
              after->size() == before.size() + (settings != nullptr ? 1U : 0U) - (before.contains(name) ? 1U : 0U);
  for (const auto& [other, host] : before) {
    if (!good || other == name) continue;
    const auto found = after->find(other);
    good = found != after->end() && found->second.settings == host.settings &&
           found->second.queue_password_file == host.queue_password_file &&
           found->second.store_password_file == host.store_password_file;
  }
  if (good && settings != nullptr) good = after->contains(name) && after->at(name).settings == *settings;
  if (good) return {};
  return usage_error(
      "{}: [{}] is written in a way that cannot be changed here; write it as [{}] and a line for each key",
      file.string(), name, name);
}

// Held by one who changes the file.
Result<Fd> lock_folder(const fs::path& folder) {
  Fd lock(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock.valid()) return system_error(errno, folder.string());
  while (::flock(lock.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return system_error(errno, folder.string());
  }
  return lock;
}

Status make_private_folder(const fs::path& folder) {
  std::error_code error;
  if (fs::is_directory(folder, error)) return {};
  SIMSWARM_CHECK(make_folders(folder.parent_path()));
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return system_error(errno, folder.string());
  return {};
}

}  // namespace

fs::path hosts_file() {
  if (const char* said = std::getenv("SIMSWARM_HOSTS"); said != nullptr && *said != '\0') return fs::absolute(said);
  if (const char* config = std::getenv("XDG_CONFIG_HOME"); config != nullptr && *config == '/')
    return fs::path(config) / "simswarm" / "hosts.toml";
  return home() / ".config" / "simswarm" / "hosts.toml";
}

Status check_host_name(const std::string& name) {
  const bool good = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
  if (good && name != "." && name != "..") return {};
  return usage_error("the name «{}» of a host: letters, digits, «-», «_» and «.» are expected", clean_line(name, 60));
}

Result<std::map<std::string, HostSettings>> read_hosts(const fs::path& file) {
  SIMSWARM_TRY(const AllWritten all, read_written(file));
  std::map<std::string, HostSettings> hosts;
  for (const auto& [name, host] : all) hosts[name] = host.settings;
  return hosts;
}

Result<HostSettings> host_named(const std::string& name) {
  const fs::path file = hosts_file();
  SIMSWARM_TRY(const AllWritten all, read_written(file));
  const auto found = all.find(name);
  if (found == all.end()) return unknown_host(file, name, all);
  HostSettings settings = found->second.settings;
  SIMSWARM_CHECK(put_password(file, found->second.queue_password_file, settings.queue));
  SIMSWARM_CHECK(put_password(file, found->second.store_password_file, settings.store));
  return settings;
}

Status write_host(const fs::path& file, const std::string& name, const HostSettings* settings) {
  SIMSWARM_CHECK(check_host_name(name));
  SIMSWARM_CHECK(make_private_folder(file.parent_path()));
  SIMSWARM_TRY(const Fd lock, lock_folder(file.parent_path()));
  SIMSWARM_TRY(const std::string text, text_of(file));
  SIMSWARM_TRY(const AllWritten before, HostsReader(file).read(text));
  if (settings == nullptr && !before.contains(name)) return {};
  std::vector<std::string> old;
  for (const std::string_view line : lines(text)) old.emplace_back(line);
  std::string changed;
  for (const std::string& line : edited(old, name, settings, before)) changed += line + "\n";
  SIMSWARM_CHECK(check_edited(file, changed, name, settings, before));
  return changed == text ? Status() : write_private(file, changed);
}

}  // namespace simswarm
