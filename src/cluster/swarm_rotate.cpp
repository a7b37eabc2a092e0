// New secrets while everything goes on.
#include "base/text.h"
#include "cluster/swarm_engine.h"
#include "cluster/swarm_stack.h"

namespace simswarm::cluster {
namespace {

constexpr const char* kRedisSocket = "/run/simswarm/redis.sock";

// What redis-cli reads goes by standard input; it answers a line a command.
Status tell_redis(const Machine& manager, const std::string& container, const std::vector<std::string>& passwords,
                  const std::string& command) {
  std::string said = "it does not answer";
  for (const std::string& password : passwords) {
    const std::string input = fmt::format("AUTH {}\n{}\n", password, command);
    Call call;
    call.input = input;
    SIMSWARM_TRY(const Answer answer,
                 manager.run({"docker", "exec", "-i", container, "redis-cli", "-s", kRedisSocket}, call));
    const std::vector<std::string_view> words = lines(answer.output);
    if (answer.exit_code == 0 && words.size() >= 2 && trim(words[0]) == "OK" && trim(words[1]) == "OK") return {};
    said = last_words(answer);
  }
  return environment_error("{}: Redis did not take the new password: {}", manager.name(), said);
}

Result<std::string> running(const Machine& manager, const SwarmRecord& record, const std::string& service) {
  SIMSWARM_TRY(std::string container, container_of(manager, record.name, service));
  if (!container.empty()) return container;
  return environment_error(
      "{}: the service {} does not run, and secrets are changed while all run: simswarm swarm status "
      "--name {}",
      manager.name(), service, record.name);
}

// The words of MongoDB's shell, read by standard input.
std::string change_in_mongo(const std::string& from, const std::string& to) {
  return fmt::format(
      "const here = connect('mongodb://127.0.0.1/admin');\n"
      "let known = false;\n"
      "try {{ known = here.auth('simswarm', '{0}').ok == 1 }} catch (error) {{}}\n"
      "if (known) {{ here.changeUserPassword('simswarm', '{1}') }} else {{ here.auth('simswarm', '{1}') }}\n"
      "print('cha' + 'nged')\n",
      from, to);
}

bool is_official_store(const Machine& manager, const std::string& container) {
  const auto answer = manager.run({"docker", "exec", container, "sh", "-c", "command -v mongosh && command -v mongod"});
  return answer && answer->exit_code == 0;
}

// False: the store is not the official server, and its access is not ours to change.
Result<bool> change_store_password(const Machine& manager, const SwarmRecord& record, const std::string& to) {
  if (record.settings.contains("SIMSWARM_STORE")) return false;
  SIMSWARM_TRY(const std::string container, container_of(manager, record.name, "mongo"));
  if (container.empty() || !is_official_store(manager, container)) return false;
  SIMSWARM_TRY(const std::string from, swarm_secret(record.name, kStorePassword));
  const std::string input = change_in_mongo(from, to);
  Call call;
  call.input = input;
  SIMSWARM_TRY(const Answer answer,
               manager.run({"docker", "exec", "-i", container, "mongosh", "--quiet", "--nodb"}, call));
  if (answer.exit_code != 0 || answer.output.find("changed") == std::string::npos)
    return environment_error("{}: the store did not take the new password: simswarm swarm logs mongo --name {}",
                             manager.name(), record.name);
  return true;
}

constexpr std::string_view kNextStorePassword = "next_store_password";

Status forget(const SwarmRecord& record, std::string_view secret) {
  return remove_tree(swarms_folder() / record.name / "secret" / secret);
}

// What will be is on disk before anybody is told of it.
Result<bool> renew_store(const Machine& manager, const SwarmRecord& record) {
  SIMSWARM_TRY(const std::string next, swarm_secret(record.name, kNextStorePassword));
  SIMSWARM_TRY(const bool changed, change_store_password(manager, record, next));
  if (changed) SIMSWARM_CHECK(set_swarm_secret(record.name, kStorePassword, next));
  SIMSWARM_CHECK(forget(record, kNextStorePassword));
  return changed;
}

// A change that was cut off has its former password still: it is gone on with.
Status begin(const SwarmRecord& record) {
  SIMSWARM_TRY(const std::string former, former_queue_password(record.name));
  if (!former.empty()) return {};
  SIMSWARM_TRY(const std::string now, swarm_secret(record.name, kQueuePassword));
  SIMSWARM_TRY(const std::string queue, random_secret());
  SIMSWARM_TRY(const std::string token, random_secret());
  SIMSWARM_CHECK(set_swarm_secret(record.name, kToken, token));
  SIMSWARM_CHECK(set_swarm_secret(record.name, kFormerQueuePassword, now));
  return set_swarm_secret(record.name, kQueuePassword, queue);
}

class Rotation {
 public:
  Rotation(SwarmRecord record, const Machine& manager, const StackOptions& options)
      : record_(std::move(record)), manager_(manager), options_(options) {}

  Result<StackOutcome> run() {
    SIMSWARM_TRY(const std::string redis, running(manager_, record_, "redis"));
    SIMSWARM_CHECK(begin(record_));
    SIMSWARM_TRY(SecretValues values, secret_values(record_.name));
    SIMSWARM_CHECK(tell_redis(manager_, redis, {values.accepted.back(), values.queue_password},
                              "ACL SETUSER default >" + values.queue_password));
    say("Redis takes the new password, too");
    SIMSWARM_TRY(const bool store, renew_store(manager_, record_));
    say(store ? "the store has a new password" : "the store is not the official server: its access is left as it is");
    SIMSWARM_TRY(values.store_password, swarm_secret(record_.name, kStorePassword));
    SIMSWARM_TRY(const StackOutcome first, put(values));
    if (!first.findings.empty()) return first;
    return finish(values);
  }

 private:
  void say(const std::string& what) { options_.say({Step::Kind::kDone, manager_.name(), what}); }

  Result<StackOutcome> put(const SecretValues& values) {
    SIMSWARM_TRY(record_, apply_stack(record_, values, options_));
    return await_services(manager_, record_.name, options_);
  }

  // All services have the new password: the old one ends, at once and for every start to come.
  Result<StackOutcome> finish(SecretValues values) {
    if (values.accepted.size() > 1) {
      SIMSWARM_TRY(const std::string redis, running(manager_, record_, "redis"));
      SIMSWARM_CHECK(
          tell_redis(manager_, redis, {values.queue_password}, "ACL SETUSER default <" + values.accepted.back()));
    }
    values.accepted = {values.queue_password};
    SIMSWARM_TRY(const StackOutcome last, put(values));
    if (!last.findings.empty()) return last;
    SIMSWARM_CHECK(forget_former_queue_password(record_.name));
    SIMSWARM_CHECK(remove_secrets(manager_, record_.name, record_.secrets));
    say("only the new secrets are accepted");
    return last;
  }

  SwarmRecord record_;
  const Machine& manager_;
  const StackOptions& options_;
};

}  // namespace

Result<StackOutcome> rotate_secrets(const SwarmRecord& record, const StackOptions& options) {
  SIMSWARM_TRY(const Machine manager, Machine::at(record.manager));
  if (record.secrets.empty())
    return usage_error("swarm {}: nothing is deployed: simswarm swarm deploy --name {}", record.name, record.name);
  if (options.dry_run) {
    for (const char* step :
         {"have Redis take a new password, too", "change the store's password, if it is the official server",
          "update all services with the new secrets, in a rolling way", "have Redis take the new password only"})
      options.say({Step::Kind::kWould, manager.name(), step});
    return StackOutcome();
  }
  return Rotation(record, manager, options).run();
}

}  // namespace simswarm::cluster
