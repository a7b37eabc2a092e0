#include "cluster/swarm_record.h"

#include <pwd.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "settings/hosts.h"
#include "settings/hosts_private.h"
#include "simulator/command_text.h"

namespace simswarm::cluster {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;

fs::path folder_of(const std::string& name) {
  return swarms_folder() / name;
}
fs::path file_of(const std::string& name) {
  return folder_of(name) / "swarm.json";
}

Status make_private(const fs::path& folder) {
  SIMSWARM_CHECK(make_folders(folder));
  if (::chmod(folder.c_str(), 0700) != 0) return system_error(errno, folder.string());
  return {};
}

}  // namespace

fs::path manager_folder(const std::string& swarm) {
  return fs::path("/var/lib/simswarm-swarm") / swarm;
}

fs::path swarms_folder() {
  if (const char* said = std::getenv("SIMSWARM_SWARMS_FOLDER"); said != nullptr && *said != '\0')
    return fs::absolute(said).lexically_normal();
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/')
    return fs::path(state) / "simswarm/swarms";
  const char* home = std::getenv("HOME");
  const passwd* entry = home != nullptr && *home == '/' ? nullptr : ::getpwuid(::geteuid());
  if (entry != nullptr) home = entry->pw_dir;
  return fs::path(home != nullptr ? home : "/") / ".local/state/simswarm/swarms";
}

std::vector<std::string> swarm_names() {
  std::vector<std::string> names;
  std::error_code ignored;
  for (fs::directory_iterator it(swarms_folder(), ignored), end; !ignored && it != end; it.increment(ignored)) {
    std::error_code error;
    if (fs::exists(it->path() / "swarm.json", error)) names.push_back(it->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool has_swarm(const std::string& name) {
  std::error_code ignored;
  return check_host_name(name).has_value() && fs::exists(file_of(name), ignored);
}

std::string to_json(const SwarmRecord& record) {
  return json{{"version", kVersion},
              {"name", record.name},
              {"manager", record.manager},
              {"workers", record.workers},
              {"interlink", record.interlink},
              {"buildnet", record.buildnet},
              {"image", record.image},
              {"toolchains", record.toolchains},
              {"registry", record.registry},
              {"runner_per_node", record.runner_per_node},
              {"stack_override", record.stack_override},
              {"settings", record.settings},
              {"secrets", record.secrets}}
             .dump(2, ' ', false, json::error_handler_t::replace) +
         "\n";
}

Result<SwarmRecord> swarm_from_json(std::string_view text) {
  const json all = json::parse(text, nullptr, false);
  if (!all.is_object()) return environment_error("it is no JSON");
  if (const int version = all.value("version", 0); version < 1 || version > kVersion)
    return environment_error("it is of version {}, and this simswarm knows versions up to {}", version, kVersion);
  try {
    SwarmRecord record;
    all.at("name").get_to(record.name);
    all.at("manager").get_to(record.manager);
    all.at("workers").get_to(record.workers);
    all.at("interlink").get_to(record.interlink);
    all.at("buildnet").get_to(record.buildnet);
    all.at("image").get_to(record.image);
    all.at("toolchains").get_to(record.toolchains);
    all.at("registry").get_to(record.registry);
    all.at("runner_per_node").get_to(record.runner_per_node);
    all.at("stack_override").get_to(record.stack_override);
    if (all.contains("settings")) all.at("settings").get_to(record.settings);
    all.at("secrets").get_to(record.secrets);
    return record;
  } catch (const json::exception& error) {
    return environment_error("it is damaged: {}", error.what());
  }
}

Result<SwarmRecord> read_swarm(const std::string& name) {
  SIMSWARM_CHECK(check_host_name(name));
  if (!has_swarm(name)) {
    const std::vector<std::string> names = swarm_names();
    if (names.empty()) return usage_error("there is no swarm «{}»: simswarm swarm init {}", name, name);
    return usage_error("there is no swarm «{}» (there are: {}){}", name, join(names, ", "), did_you_mean(name, names));
  }
  SIMSWARM_TRY(const std::string text, read_private(file_of(name)));
  Result<SwarmRecord> record = swarm_from_json(text);
  if (!record) return environment_error("{}: {}", file_of(name).string(), record.error().message);
  return record;
}

Status write_swarm(const SwarmRecord& record) {
  SIMSWARM_CHECK(check_host_name(record.name));
  SIMSWARM_CHECK(make_private(folder_of(record.name)));
  return write_private(file_of(record.name), to_json(record));
}

Status forget_swarm(const std::string& name) {
  SIMSWARM_CHECK(check_host_name(name));
  return remove_tree(folder_of(name));
}

Result<std::string> random_secret() {
  std::array<unsigned char, 32> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    return system_error(errno, "the system gives no random numbers");
  std::string text;
  for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

Result<std::string> swarm_secret(const std::string& swarm, std::string_view secret) {
  const fs::path file = folder_of(swarm) / "secret" / secret;
  std::error_code ignored;
  if (fs::exists(file, ignored)) {
    SIMSWARM_TRY(const std::string text, read_private(file));
    if (const std::string value(trim(text)); !value.empty()) return value;
  }
  SIMSWARM_TRY(const std::string made, random_secret());
  SIMSWARM_CHECK(set_swarm_secret(swarm, secret, made));
  return made;
}

Status set_swarm_secret(const std::string& swarm, std::string_view secret, std::string_view value) {
  SIMSWARM_CHECK(check_host_name(swarm));
  SIMSWARM_CHECK(make_private(folder_of(swarm)));
  SIMSWARM_CHECK(make_private(folder_of(swarm) / "secret"));
  return write_private(folder_of(swarm) / "secret" / secret, std::string(value) + "\n");
}

}  // namespace simswarm::cluster
