// simswarm swarm connect, disconnect: the way from this machine to a swarm's queue, store and pages.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "base/time.h"
#include "cli/screen.h"
#include "cli/swarm_actions.h"
#include "cluster/swarm_connection.h"
#include "cluster/swarm_secrets.h"
#include "engine/http_get.h"
#include "settings/hosts.h"
#include "settings/hosts_private.h"
#include "simulator/command_text.h"

namespace simswarm::cli {
namespace {

using cluster::Connection;
using cluster::Forward;
using cluster::Machine;
using cluster::SwarmRecord;
using nlohmann::json;

void print_json(const json& value) {
  print(value.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
}

Status expect_no_words(const SwarmCommandArguments& arguments) {
  if (arguments.words.empty()) return {};
  return usage_error("swarm {}: «{}» is not expected; the swarm is named with --name", arguments.action,
                     clean_line(arguments.words.front(), 60));
}

// The process in the background itself.
Result<ExitCode> keep(const SwarmCommandArguments& arguments) {
  SIMSWARM_TRY(const std::string name, swarm_name(arguments));
  const auto connection = cluster::read_connection(name);
  if (!connection) return environment_error("{} is not to be connected", name);
  SIMSWARM_CHECK(cluster::keep_connection(*connection, [](const std::string& line) {
    print(fmt::format("{} {}\n", to_text(system_clock().stamp()), line));
  }));
  return ExitCode::kOk;
}

class Connecting {
 public:
  Connecting(const SwarmCommandArguments& arguments, std::string name)
      : arguments_(arguments), name_(std::move(name)) {}

  Result<ExitCode> run() {
    SIMSWARM_CHECK(find_swarm());
    before_ = cluster::read_connection(name_);
    was_connected_ =
        cluster::connection_process(name_).has_value() && before_ && cluster::leads_there(*before_, record_, side_);
    if (was_connected_) {
      connection_ = *before_;
    } else {
      if (!arguments_.dry_run) SIMSWARM_CHECK(cluster::end_connection(name_));
      SIMSWARM_TRY(connection_, cluster::plan_connection(record_, side_, before_));
    }
    if (arguments_.dry_run) return tell();
    if (!was_connected_) SIMSWARM_CHECK(begin());
    SIMSWARM_CHECK(write_name());
    SIMSWARM_TRY(const ExitCode code, tell());
    return arguments_.foreground ? stay() : Result<ExitCode>(code);
  }

 private:
  // What is known here; else what the manager tells, which is kept here from now on.
  Status find_swarm() {
    const bool known = cluster::has_swarm(name_);
    if (known) {
      SIMSWARM_TRY(record_, cluster::read_swarm(name_));
    } else {
      record_.manager = arguments_.manager;
    }
    if (!arguments_.manager.empty()) record_.manager = arguments_.manager;
    SIMSWARM_TRY(const Machine manager, Machine::at(record_.manager));
    SIMSWARM_TRY(side_, cluster::look_at_manager(manager, name_));
    if (side_.client.empty() && !known)
      return usage_error(
          "{}: {} cannot be read: is «{}» the name of the swarm, has it been deployed, and is this user in the group "
          "docker there? (--manager says where its manager is, --name which swarm)",
          manager.name(), (cluster::manager_folder(name_) / "client.json").string(), name_);
    return side_.client.empty() ? Status() : take_client(known);
  }

  Status take_client(bool known) {
    Result<cluster::ClientFile> client = cluster::client_file_from_json(side_.client);
    if (!client)
      return environment_error("{}: {}", (cluster::manager_folder(name_) / "client.json").string(),
                               client.error().message);
    if (client->record.name != name_)
      return environment_error("{} tells of the swarm «{}»", cluster::manager_folder(name_).string(),
                               clean_line(client->record.name, 60));
    if (!known) {
      const std::string manager = record_.manager;
      record_ = client->record;
      record_.manager = manager;
    }
    // Under way here: the new password is known to this machine alone.
    SIMSWARM_TRY(const std::string former, cluster::former_queue_password(name_));
    if (arguments_.dry_run) return {};
    if (!known || !arguments_.manager.empty()) SIMSWARM_CHECK(cluster::write_swarm(record_));
    if (!former.empty()) return {};
    for (const auto& [secret, value] : {std::pair{cluster::kQueuePassword, &client->values.queue_password},
                                        std::pair{cluster::kStorePassword, &client->values.store_password},
                                        std::pair{cluster::kToken, &client->values.token}})
      SIMSWARM_CHECK(cluster::set_swarm_secret(name_, secret, *value));
    return {};
  }

  Status begin() {
    std::error_code error;
    const fs::path program = fs::read_symlink("/proc/self/exe", error);
    if (error) return system_error(error.value(), "/proc/self/exe");
    return cluster::begin_connection(connection_, program);
  }

  Status write_name() {
    SIMSWARM_TRY(const std::string queue_password, cluster::swarm_secret(name_, cluster::kQueuePassword));
    SIMSWARM_TRY(const std::string store_password, cluster::swarm_secret(name_, cluster::kStorePassword));
    const fs::path file = hosts_file();
    SIMSWARM_TRY(const auto hosts, read_hosts(file));
    HostSettings host;
    if (const auto found = hosts.find(name_); found != hosts.end()) host.image = found->second.image;
    host.queue = cluster::queue_through(connection_, queue_password);
    const auto store = record_.settings.find("SIMSWARM_STORE");
    host.store =
        cluster::store_through(connection_, store == record_.settings.end() ? "" : store->second, store_password);
    return write_host(file, name_, &host);
  }

  [[nodiscard]] std::string address_of(const Forward& one) const {
    const bool page = one.what == "dashboard" || one.what == "visualizer";
    if (one.port == 0) return "unix://" + one.socket;
    return fmt::format("{}127.0.0.1:{}", page ? "http://" : "", one.port);
  }

  Result<ExitCode> tell() const {
    const fs::path token = cluster::swarms_folder() / name_ / "secret" / cluster::kToken;
    if (arguments_.json) {
      json addresses = json::object();
      for (const Forward& one : connection_.forwards) addresses[one.what] = address_of(one);
      const auto process = cluster::connection_process(name_);
      print_json({{"name", name_},
                  {"manager", record_.manager},
                  {"was_connected", was_connected_},
                  {"pid", process ? process->pid : 0},
                  {"addresses", addresses},
                  {"token_file", token.string()},
                  {"log", cluster::connection_log(name_).string()},
                  {"dry_run", arguments_.dry_run}});
      return ExitCode::kOk;
    }
    const Result<Machine> manager = Machine::at(record_.manager);
    print(fmt::format("{} {} to {}\n", name_,
                      arguments_.dry_run ? "would be connected"
                      : was_connected_   ? "is connected already,"
                                         : "is connected",
                      manager ? manager->name() : record_.manager));
    for (const Forward& one : connection_.forwards) {
      const std::string taken = one.port == 0 || one.port == one.usual_port
                                    ? ""
                                    : fmt::format("  ({} is taken on this machine)", one.usual_port);
      print(fmt::format("  {:<10}  {}{}\n", one.what, address_of(one), taken));
    }
    if (arguments_.dry_run) return ExitCode::kOk;
    for (const char* page : {"dashboard", "visualizer"}) tell_link(page, token);
    print(fmt::format("the pages ask for the token in {}\nsimswarm runall --on {} -- …\n", token.string(),
                      shell_quoted(name_)));
    return ExitCode::kOk;
  }

  // A link that opens a page once. A service that does not answer just now has none.
  void tell_link(const std::string& page, const fs::path& token_file) const {
    constexpr std::chrono::seconds kTimeout{5};
    const Forward* forward = connection_.find(page);
    if (forward == nullptr || forward->port == 0) return;
    const Result<std::string> token = read_file(token_file);
    if (!token) return;
    const engine::Endpoint at{.socket = {}, .host = "127.0.0.1", .port = forward->port};
    const auto answer = engine::http_get(at, "/api/v1/code",
                                         {.timeout = kTimeout, .authorization = "Bearer " + std::string(trim(*token))});
    if (!answer || answer->status != 200) return;
    const json told = json::parse(answer->body, nullptr, false);
    if (!told.is_object() || !told.value("code", json()).is_string()) return;
    print(fmt::format("open within a minute: {}/#code={}\n", address_of(*forward), told["code"].get<std::string>()));
  }

  // Until Ctrl-C, or until somebody disconnects.
  Result<ExitCode> stay() {
    const auto process = cluster::connection_process(name_);
    sigset_t signals;
    ::sigemptyset(&signals);
    for (const int one : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&signals, one);
    ::sigprocmask(SIG_BLOCK, &signals, nullptr);
    const timespec second{1, 0};
    while (process && cluster::runs(*process) && ::sigtimedwait(&signals, nullptr, &second) < 0) {
    }
    SIMSWARM_CHECK(cluster::end_connection(name_));
    return ExitCode::kOk;
  }

  const SwarmCommandArguments& arguments_;
  std::string name_;
  SwarmRecord record_;
  cluster::ManagerSide side_;
  std::optional<Connection> before_;
  Connection connection_;
  bool was_connected_ = false;
};

}  // namespace

Result<ExitCode> swarm_connect(const SwarmCommandArguments& arguments) {
  if (!arguments.words.empty() && arguments.words.front() == "keep") return keep(arguments);
  SIMSWARM_CHECK(expect_no_words(arguments));
  SIMSWARM_TRY(std::string name, swarm_name(arguments));
  return Connecting(arguments, std::move(name)).run();
}

Result<ExitCode> swarm_disconnect(const SwarmCommandArguments& arguments) {
  SIMSWARM_CHECK(expect_no_words(arguments));
  SIMSWARM_TRY(const std::string name, swarm_name(arguments));
  const bool connected = cluster::connection_process(name).has_value();
  if (!arguments.dry_run) {
    SIMSWARM_CHECK(cluster::end_connection(name));
    if (cluster::has_swarm(name)) {
      SIMSWARM_CHECK(write_host(hosts_file(), name, nullptr));
      SIMSWARM_CHECK(remove_tree(cluster::connection_file(name)));
    }
  }
  if (arguments.json) {
    print_json({{"name", name}, {"was_connected", connected}, {"dry_run", arguments.dry_run}});
  } else {
    print(fmt::format("{}: {}\n", name,
                      !connected          ? "was not connected"
                      : arguments.dry_run ? "would be disconnected"
                                          : "is disconnected"));
  }
  return ExitCode::kOk;
}

}  // namespace simswarm::cli
