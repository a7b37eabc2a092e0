#include "cluster/swarm_secrets.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "base/text.h"
#include "cluster/swarm_engine.h"
#include "settings/hosts_private.h"

namespace simswarm::cluster {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;
constexpr std::size_t kNamedDigits = 12;
constexpr std::string_view kLabel = "simswarm.swarm";

fs::path former_file(const std::string& swarm) {
  return swarms_folder() / swarm / "secret" / kFormerQueuePassword;
}

Result<std::vector<std::string>> names_there(const Machine& manager, const std::string& swarm) {
  SIMSWARM_TRY(const std::string text,
               docker(manager, {"secret", "ls", "--filter", fmt::format("label={}={}", kLabel, swarm), "--format",
                                "{{.Name}}"}));
  std::vector<std::string> names;
  for (const std::string_view line : lines(text)) names.emplace_back(trim(line));
  return names;
}

// Another call may have made it meanwhile: its name says that it is the same.
Status create(const Machine& manager, const std::string& swarm, const std::string& name, const std::string& content) {
  Call call;
  call.input = content;
  const auto made =
      docker(manager, {"secret", "create", "--label", fmt::format("{}={}", kLabel, swarm), name, "-"}, call);
  if (made || made.error().message.find("AlreadyExists") != std::string::npos ||
      made.error().message.find("already exists") != std::string::npos)
    return {};
  return propagate(made.error());
}

}  // namespace

Result<std::string> former_queue_password(const std::string& swarm) {
  std::error_code ignored;
  if (!fs::exists(former_file(swarm), ignored)) return std::string();
  SIMSWARM_TRY(const std::string text, read_private(former_file(swarm)));
  return std::string(trim(text));
}

Status forget_former_queue_password(const std::string& swarm) {
  return remove_tree(former_file(swarm));
}

Result<SecretValues> secret_values(const std::string& swarm) {
  SecretValues values;
  SIMSWARM_TRY(values.queue_password, swarm_secret(swarm, kQueuePassword));
  SIMSWARM_TRY(values.store_password, swarm_secret(swarm, kStorePassword));
  SIMSWARM_TRY(values.token, swarm_secret(swarm, kToken));
  values.accepted = {values.queue_password};
  SIMSWARM_TRY(const std::string former, former_queue_password(swarm));
  if (!former.empty() && former != values.queue_password) values.accepted.push_back(former);
  return values;
}

std::map<std::string, std::string> secret_contents(const SecretValues& values) {
  return {{"queue_password", values.queue_password},
          {"queue_passwords", join(values.accepted, "\n")},
          {"store_password", values.store_password},
          {"token", values.token}};
}

std::string secret_name(const std::string& swarm, const std::string& secret, std::string_view content) {
  // The contents are 256 random bits, so that their digest tells nothing of them.
  const Digest digest = Hasher().field(swarm).field(secret).field(content).finish();
  return fmt::format("{}_{}_{}", swarm, secret, digest.hex().substr(0, kNamedDigits));
}

std::string secret_variable(std::string_view secret) {
  std::string name = "SIMSWARM_SECRET_";
  for (const char c : secret) name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return name;
}

Result<std::map<std::string, std::string>> create_secrets(const Machine& manager, const std::string& swarm,
                                                          const SecretValues& values) {
  SIMSWARM_TRY(const std::vector<std::string> there, names_there(manager, swarm));
  std::map<std::string, std::string> names;
  for (const auto& [secret, content] : secret_contents(values)) {
    const std::string name = secret_name(swarm, secret, content);
    if (std::find(there.begin(), there.end(), name) == there.end())
      SIMSWARM_CHECK(create(manager, swarm, name, content));
    names[secret] = name;
  }
  return names;
}

Result<std::size_t> remove_secrets(const Machine& manager, const std::string& swarm,
                                   const std::map<std::string, std::string>& kept) {
  SIMSWARM_TRY(const std::vector<std::string> there, names_there(manager, swarm));
  std::size_t in_use = 0;
  for (const std::string& name : there) {
    const bool keep = std::any_of(kept.begin(), kept.end(), [&](const auto& one) { return one.second == name; });
    if (keep) continue;
    const auto removed = docker(manager, {"secret", "rm", name});
    if (removed || removed.error().message.find("not found") != std::string::npos) continue;
    if (removed.error().message.find("in use") == std::string::npos) return propagate(removed.error());
    ++in_use;
  }
  return in_use;
}

std::string to_json(const ClientFile& file) {
  return json{{"version", kVersion},
              {"record", json::parse(to_json(file.record))},
              {"secrets",
               {{kQueuePassword, file.values.queue_password},
                {kStorePassword, file.values.store_password},
                {kToken, file.values.token}}}}
             .dump(2, ' ', false, json::error_handler_t::replace) +
         "\n";
}

// No message has anything of the text in it: there are secrets in it.
Result<ClientFile> client_file_from_json(std::string_view text) {
  const json all = json::parse(text, nullptr, false);
  if (!all.is_object()) return environment_error("it is no JSON");
  const json version = all.contains("version") ? all.at("version") : json();
  if (!version.is_number_integer() || version.get<int>() < 1 || version.get<int>() > kVersion)
    return environment_error("it is of another version than {}, the only one that this simswarm knows", kVersion);
  if (!all.contains("record") || !all.contains("secrets") || !all.at("secrets").is_object())
    return environment_error("it is damaged");
  ClientFile file;
  SIMSWARM_TRY(file.record, swarm_from_json(all.at("record").dump()));
  for (const auto& [name, target] :
       {std::pair{kQueuePassword, &file.values.queue_password}, std::pair{kStorePassword, &file.values.store_password},
        std::pair{kToken, &file.values.token}}) {
    const json& secrets = all.at("secrets");
    const auto at = secrets.find(std::string(name));
    if (at == secrets.end() || !at->is_string())
      return environment_error("it is damaged: the secret {} is missing", name);
    *target = at->get<std::string>();
  }
  file.values.accepted = {file.values.queue_password};
  return file;
}

}  // namespace simswarm::cluster
