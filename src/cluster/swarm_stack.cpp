#include "cluster/swarm_stack.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <future>
#include <set>

#include "base/text.h"
#include "cluster/swarm_folder.h"
#include "cluster/swarm_stack_text.h"
#include "settings/hosts_private.h"
#include "simulator/command_text.h"

namespace simswarm::cluster {
namespace {

constexpr std::array<std::string_view, 5> kOurs{"SIMSWARM_IMAGE", "SIMSWARM_MANAGER", "SIMSWARM_FOLDER",
                                                "SIMSWARM_INTERLINK", "SIMSWARM_BUILDNET"};
constexpr std::array<std::string_view, 2> kOfStore{"SIMSWARM_STORE", "SIMSWARM_STORE_PASSWORD_FILE"};

bool is_ours(std::string_view variable) {
  return variable.starts_with("SIMSWARM_SECRET_") || std::find(kOurs.begin(), kOurs.end(), variable) != kOurs.end();
}

Result<std::string> override_text(const SwarmRecord& record) {
  if (record.stack_override.empty()) return std::string();
  Result<std::string> text = read_file(record.stack_override);
  if (text) return text;
  return environment_error("the stack file of swarm {}: {}: name another one with --stack, or none with --stack -",
                           record.name, text.error().message);
}

std::set<std::string> images_of(const SwarmRecord& record) {
  std::set<std::string> images{record.image};
  for (const auto& [name, image] : record.toolchains) images.insert(image);
  return images;
}

// Images that a machine does not have. One that is not reached is an error.
Result<std::vector<std::string>> missing_on(const Machine& machine, const std::set<std::string>& images) {
  std::vector<std::string> missing;
  for (const std::string& image : images) {
    const auto found = docker(machine, {"image", "inspect", "--format", "{{.Id}}", image});
    if (found) continue;
    if (found.error().message.find("o such image") == std::string::npos) return propagate(found.error());
    missing.push_back(image);
  }
  return missing;
}

std::vector<Machine> machines_of(const SwarmRecord& record, const Machine& manager) {
  std::vector<Machine> all{manager};
  for (const std::string& worker : record.workers) {
    if (const auto machine = Machine::at(worker)) all.push_back(*machine);
  }
  return all;
}

// With a registry each node takes what it lacks from there.
Findings check_images(const SwarmRecord& record, const std::vector<Machine>& machines, const StackOptions& options) {
  if (!record.registry.empty()) return {};
  const std::set<std::string> images = images_of(record);
  std::vector<std::future<Result<std::vector<std::string>>>> looks;
  for (const Machine& machine : machines)
    looks.push_back(std::async(std::launch::async, [&images, &machine] { return missing_on(machine, images); }));
  Findings findings;
  for (std::size_t i = 0; i < machines.size(); ++i) {
    const auto missing = looks[i].get();
    if (!missing) options.say({Step::Kind::kNote, machines[i].name(), missing.error().message});
    for (const std::string& image : missing.value_or(std::vector<std::string>()))
      findings.push_back({"image", machines[i].name(), fmt::format("it does not have the image {}", image),
                          fmt::format("simswarm swarm image --name {}", record.name)});
  }
  return findings;
}

// Only where there is no such stack yet: Docker itself puts routes of its networks nowhere that a look would find them,
// but the networks are made once.
Result<Findings> check_networks(const SwarmRecord& record, const std::vector<Machine>& machines) {
  Findings unreached;  // told by check_images
  std::vector<TakenSubnet> taken;
  for (const auto& host : look(machines, unreached)) {
    if (host) taken.insert(taken.end(), host->routes.begin(), host->routes.end());
  }
  return check_subnets(record.interlink, record.buildnet, taken);
}

Result<Findings> before_deploy(const SwarmRecord& record, const Machine& manager, const StackOptions& options) {
  const std::vector<Machine> machines = machines_of(record, manager);
  SIMSWARM_TRY(Findings findings, check_networks(record, machines));
  const Findings images = check_images(record, machines, options);
  findings.insert(findings.end(), images.begin(), images.end());
  return findings;
}

void say_plan(const SwarmRecord& record, const Machine& manager, const std::string& host, const StackOptions& options) {
  const auto would = [&](const std::string& what) { options.say({Step::Kind::kWould, manager.name(), what}); };
  would("make the secrets that are missing");
  would(fmt::format("make {} for sockets, and for what other computers need", manager_folder(record.name).string()));
  would(shell_line(deploy_words(record, host)));
  would("wait until the services have come");
}

Result<EngineInfo> manager_info(const SwarmRecord& record, const Machine& manager) {
  SIMSWARM_TRY(const EngineInfo engine, info(manager));
  if (engine.is_manager) return engine;
  return environment_error("{}: it is no manager of a swarm (its state is {}): simswarm swarm init --name {}",
                           manager.name(), engine.swarm, record.name);
}

}  // namespace

Result<std::map<std::string, std::string>> stack_settings(const SwarmRecord& record,
                                                          const std::function<const char*(const char*)>& environment) {
  SIMSWARM_TRY(const std::string more, override_text(record));
  std::map<std::string, std::string> settings = record.settings;
  for (const std::string& variable : variables_of(std::string(embedded::stack_yml()) + "\n" + more)) {
    const bool of_store = std::find(kOfStore.begin(), kOfStore.end(), variable) != kOfStore.end();
    if (is_ours(variable) || (of_store && record.stack_override.empty())) continue;
    const char* value = environment(variable.c_str());
    if (value == nullptr) continue;
    if (!without_its_password(value).password.empty())
      return usage_error(
          "{}: there is a password in it, and everybody who may look at services would see it: put it into the secret "
          "of your stack file",
          variable);
    settings[variable] = value;
  }
  return settings;
}

std::vector<std::string> deploy_words(const SwarmRecord& record, const std::string& manager_host) {
  const fs::path folder = manager_folder(record.name);
  std::vector<std::string> words{"env",
                                 "SIMSWARM_IMAGE=" + record.image,
                                 "SIMSWARM_MANAGER=" + manager_host,
                                 "SIMSWARM_FOLDER=" + folder.string(),
                                 "SIMSWARM_INTERLINK=" + record.interlink,
                                 "SIMSWARM_BUILDNET=" + record.buildnet};
  for (const auto& [secret, name] : record.secrets) words.push_back(secret_variable(secret) + "=" + name);
  for (const auto& [variable, value] : record.settings) words.push_back(fmt::format("{}={}", variable, value));
  words.insert(words.end(), {"docker", "stack", "deploy", "--prune", "--resolve-image", "never"});
  if (!record.registry.empty()) words.emplace_back("--with-registry-auth");
  words.insert(words.end(), {"-c", "-"});
  if (!record.stack_override.empty()) words.insert(words.end(), {"-c", (folder / kOverrideFile).string()});
  words.push_back(record.name);
  return words;
}

Result<SwarmRecord> apply_stack(SwarmRecord record, const SecretValues& values, const StackOptions& options) {
  SIMSWARM_TRY(const Machine manager, Machine::at(record.manager));
  SIMSWARM_TRY(const std::string stack, stack_text(record));
  SIMSWARM_TRY(const std::string more, override_text(record));
  SIMSWARM_TRY(const EngineInfo engine, manager_info(record, manager));
  SIMSWARM_TRY(record.secrets, create_secrets(manager, record.name, values));
  // Before anything begins, so that a call that is cut off leaves nothing that is not known.
  SIMSWARM_CHECK(write_swarm(record));
  SIMSWARM_CHECK(make_manager_folder(manager, {{record, values}, more, service_value(stack, "dashboard", "user")}));
  options.say({Step::Kind::kDone, manager.name(), fmt::format("secrets and {}", manager_folder(record.name).string())});
  Call call;
  call.input = stack;
  call.timeout = 300;
  SIMSWARM_TRY(const Answer answer, manager.run(deploy_words(record, engine.hostname), call));
  if (answer.exit_code != 0)
    return environment_error("{}: docker stack deploy {}: {}", manager.name(), record.name, last_words(answer));
  return record;
}

Result<StackOutcome> deploy_stack(SwarmRecord record, const StackOptions& options) {
  if (record.image.empty())
    return usage_error("swarm {}: it has no image yet: simswarm swarm image --name {}", record.name, record.name);
  SIMSWARM_CHECK(stack_text(record));
  SIMSWARM_TRY(const Machine manager, Machine::at(record.manager));
  SIMSWARM_TRY(const EngineInfo engine, manager_info(record, manager));
  StackOutcome outcome;
  SIMSWARM_TRY(outcome.findings, before_deploy(record, manager, options));
  if (!outcome.findings.empty()) return outcome;
  if (options.dry_run) {
    say_plan(record, manager, engine.hostname, options);
    return outcome;
  }
  SIMSWARM_TRY(const SecretValues values, secret_values(record.name));
  SIMSWARM_TRY(record, apply_stack(record, values, options));
  SIMSWARM_TRY(outcome, await_services(manager, record.name, options));
  if (outcome.findings.empty()) SIMSWARM_CHECK(remove_secrets(manager, record.name, record.secrets));
  return outcome;
}

Result<std::string> container_of(const Machine& machine, const std::string& stack, const std::string& service) {
  SIMSWARM_TRY(const std::string text,
               docker(machine, {"ps", "--quiet", "--filter",
                                fmt::format("label=com.docker.swarm.service.name={}_{}", stack, service)}));
  return text.substr(0, text.find('\n'));
}

}  // namespace simswarm::cluster
