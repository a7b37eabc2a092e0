#include "cluster/swarm_connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "base/text.h"
#include "settings/hosts_private.h"
#include "simulator/command_text.h"

namespace simswarm::cluster {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;
constexpr std::string_view kMark = "-- client.json";
constexpr std::chrono::seconds kUntilOpen{30};
constexpr std::chrono::seconds kUntilEnded{10};
// Of our environment: what ssh and our own folders go by.
constexpr std::array<const char*, 14> kVariables{"HOME",           "PATH",
                                                 "USER",           "LOGNAME",
                                                 "LANG",           "LC_ALL",
                                                 "TMPDIR",         "SSH_AUTH_SOCK",
                                                 "SSH_ASKPASS",    "XDG_RUNTIME_DIR",
                                                 "XDG_STATE_HOME", "KRB5CCNAME",
                                                 "SIMSWARM_SSH",   "SIMSWARM_SWARMS_FOLDER"};

fs::path file_of(const std::string& swarm, const char* name) {
  return swarms_folder() / swarm / name;
}

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// The port that was asked for, or (0) one that is free; nothing: it is taken.
std::optional<int> free_port(int wanted) {
  const Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int yes = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  sockaddr_in address = loopback(wanted);
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof(address);
  if (!fd.valid() || ::bind(fd.get(), plain, size) != 0 || ::listen(fd.get(), 1) != 0) return std::nullopt;
  if (::getsockname(fd.get(), plain, &size) != 0) return std::nullopt;
  return ntohs(address.sin_port);
}

bool is_open(int port) {
  const Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(port);
  return fd.valid() && ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

Result<int> port_for(const Forward& wanted, const Forward* before, std::set<int>& taken) {
  std::vector<int> tried{wanted.usual_port, 0};
  if (before != nullptr && before->port != 0) tried.insert(tried.begin(), before->port);
  for (const int one : tried) {
    const auto port = taken.contains(one) ? std::nullopt : free_port(one);
    if (port && taken.insert(*port).second) return *port;
  }
  return environment_error("there is no free port on 127.0.0.1 for the {}", wanted.what);
}

std::string last_line_of(const fs::path& log) {
  const Result<std::string> tail = read_tail(log, 4096);
  const std::vector<std::string_view> all = lines(tail ? *tail : std::string_view());
  return all.empty() ? "it has said nothing" : clean_line(trim(all.back()), 300);
}

std::uint64_t size_of(const fs::path& file) {
  std::error_code error;
  const std::uint64_t size = fs::file_size(file, error);
  return error ? 0 : size;
}

// It speaks only of trouble: a line more in its log is the end of waiting.
bool wait_until_open(const Connection& connection, const ProcessRecord& process, std::uint64_t log_before) {
  const auto deadline = std::chrono::steady_clock::now() + kUntilOpen;
  const auto all_open = [&] {
    return std::all_of(connection.forwards.begin(), connection.forwards.end(),
                       [](const Forward& one) { return one.port == 0 || is_open(one.port); });
  };
  while (runs(process) && std::chrono::steady_clock::now() < deadline) {
    if (all_open()) return true;
    if (size_of(connection_log(connection.swarm)) > log_before) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return false;
}

// «redis.sock» where it is that, else whichever there is.
std::string socket_in(const ManagerSide& side, const fs::path& folder, const std::string& usual) {
  for (const std::string& socket : side.sockets) {
    if (socket == folder / usual) return socket;
  }
  for (const std::string& socket : side.sockets) {
    if (fs::path(socket).parent_path() == folder) return socket;
  }
  return (folder / usual).string();
}

std::vector<Forward> forwards_of(const std::string& swarm, const ManagerSide& side) {
  const fs::path folder = manager_folder(swarm);
  return {{"queue", socket_in(side, folder / "redis", "redis.sock"), 0, 6379},
          {"store", socket_in(side, folder / "mongo", "mongodb-27017.sock"), 0, 27017},
          {"dashboard", (folder / "pages/dashboard.sock").string(), 0, 9181},
          {"visualizer", (folder / "pages/visualizer.sock").string(), 0, 8080}};
}

}  // namespace

const Forward* Connection::find(std::string_view what) const {
  const auto found =
      std::find_if(forwards.begin(), forwards.end(), [&](const Forward& one) { return one.what == what; });
  return found == forwards.end() ? nullptr : &*found;
}

fs::path connection_file(const std::string& swarm) {
  return file_of(swarm, "connect.json");
}
fs::path connection_log(const std::string& swarm) {
  return file_of(swarm, "connect.log");
}

std::string to_json(const Connection& connection) {
  json forwards = json::array();
  for (const Forward& one : connection.forwards)
    forwards.push_back(
        {{"what", one.what}, {"socket", one.socket}, {"port", one.port}, {"usual_port", one.usual_port}});
  return json{{"version", kVersion},
              {"swarm", connection.swarm},
              {"manager", connection.manager},
              {"forwards", forwards}}
             .dump(2, ' ', false, json::error_handler_t::replace) +
         "\n";
}

Result<Connection> connection_from_json(std::string_view text) {
  const json all = json::parse(text, nullptr, false);
  if (!all.is_object()) return environment_error("it is no JSON");
  try {
    if (all.at("version") != kVersion)
      return environment_error("it is of another version than {}, the only one that this simswarm knows", kVersion);
    Connection connection{all.at("swarm"), all.at("manager"), {}};
    for (const json& one : all.at("forwards"))
      connection.forwards.push_back({one.at("what"), one.at("socket"), one.at("port"), one.at("usual_port")});
    return connection;
  } catch (const json::exception& error) {
    return environment_error("it is damaged: {}", error.what());
  }
}

std::optional<Connection> read_connection(const std::string& swarm) {
  const Result<std::string> text = read_private(connection_file(swarm));
  Result<Connection> connection = text ? connection_from_json(*text) : propagate(text.error());
  return connection ? std::optional(std::move(*connection)) : std::nullopt;
}

std::optional<ProcessRecord> connection_process(const std::string& swarm) {
  const auto process = recorded(file_of(swarm, "connect.pid"));
  return process && runs(*process) ? process : std::nullopt;
}

bool is_connected_if_swarm(const std::string& name) {
  return !has_swarm(name) || connection_process(name).has_value();
}

Result<ManagerSide> look_at_manager(const Machine& manager, const std::string& swarm) {
  const std::string script = fmt::format(
      "cd {} 2>/dev/null || exit 0\nfor socket in */*.sock; do [ ! -S \"$socket\" ] || echo \"$PWD/$socket\"; done\n"
      "echo '{}'\ncat client.json 2>/dev/null || true",
      shell_quoted(manager_folder(swarm).string()), kMark);
  SIMSWARM_TRY(const std::string said, manager.output({"sh", "-c", script}));
  ManagerSide side;
  const std::size_t mark = said.find(kMark);
  if (mark == std::string::npos) return side;
  for (const std::string_view line : lines(std::string_view(said).substr(0, mark))) side.sockets.emplace_back(line);
  side.client = trim(std::string_view(said).substr(mark + kMark.size()));
  return side;
}

bool leads_there(const Connection& connection, const SwarmRecord& record, const ManagerSide& side) {
  if (connection.manager != record.manager) return false;
  const std::vector<Forward> wanted = forwards_of(record.name, side);
  return std::all_of(wanted.begin(), wanted.end(), [&](const Forward& one) {
    const Forward* now = connection.find(one.what);
    const bool there = std::find(side.sockets.begin(), side.sockets.end(), one.socket) != side.sockets.end();
    return now != nullptr && (!there || now->socket == one.socket);
  });
}

Result<Connection> plan_connection(const SwarmRecord& record, const ManagerSide& side,
                                   const std::optional<Connection>& before) {
  Connection connection{record.name, record.manager, forwards_of(record.name, side)};
  std::set<int> taken;
  for (Forward& one : connection.forwards) {
    // Redis and MongoDB are reached by their sockets where these are; browsers know only ports.
    if (record.manager.empty() && (one.what == "queue" || one.what == "store")) continue;
    SIMSWARM_TRY(one.port, port_for(one, before ? before->find(one.what) : nullptr, taken));
  }
  return connection;
}

Status begin_connection(const Connection& connection, const fs::path& program) {
  const std::string& swarm = connection.swarm;
  SIMSWARM_CHECK(write_private(connection_file(swarm), to_json(connection)));
  Daemon daemon;
  daemon.argv = {program.string(), "swarm", "connect", "keep", "--name", swarm};
  for (const char* variable : kVariables) {
    if (const char* value = std::getenv(variable); value != nullptr) daemon.environment.emplace_back(variable, value);
  }
  daemon.folder = "/";
  daemon.log = connection_log(swarm);
  daemon.pid_file = file_of(swarm, "connect.pid");
  daemon.fingerprint = "connect";
  const std::uint64_t log_before = size_of(daemon.log);
  SIMSWARM_CHECK(start(daemon));
  const auto process = recorded(daemon.pid_file);
  if (process && wait_until_open(connection, *process, log_before)) return {};
  const std::string said = last_line_of(daemon.log);
  (void)end_connection(swarm);
  return environment_error("{} is not connected: {}; all it said is in {}", swarm, said, daemon.log.string());
}

Result<bool> end_connection(const std::string& swarm) {
  const auto process = connection_process(swarm);
  if (process) {
    send(*process, SIGTERM);
    if (!wait_for_end(*process, kUntilEnded)) {
      send(*process, SIGKILL);
      if (!wait_for_end(*process, kUntilEnded))
        return environment_error("the connection's process {} does not end", process->pid);
    }
  }
  SIMSWARM_CHECK(remove_tree(file_of(swarm, "connect.pid")));
  return process.has_value();
}

std::string queue_through(const Connection& connection, const std::string& password) {
  const Forward& way = *connection.find("queue");
  return with_password(way.port == 0 ? "unix://" + way.socket : fmt::format("redis://127.0.0.1:{}", way.port),
                       password);
}

namespace {

// Without what TLS needs: the way leads through SSH to a Unix socket.
std::string without_tls(const std::string& url) {
  const std::size_t begin = url.find('?');
  if (begin == std::string::npos) return url;
  std::vector<std::string> kept;
  for (const std::string_view option : split(std::string_view(url).substr(begin + 1), '&')) {
    if (!option.starts_with("tls") && !option.starts_with("ssl")) kept.emplace_back(option);
  }
  return url.substr(0, begin) + (kept.empty() ? "" : "?" + join(kept, "&"));
}

}  // namespace

std::string store_through(const Connection& connection, const std::string& store, const std::string& password) {
  constexpr std::string_view kOwn = "mongodb://simswarm@tasks.mongo/simswarm?authSource=admin";
  const std::string_view url = store.empty() ? kOwn : std::string_view(store);
  // Of the host alone: a store that is no service of the stack is reached from here as from there.
  constexpr std::string_view kHost = "tasks.mongo";
  const std::size_t at = url.find(kHost);
  if (at == std::string_view::npos) return std::string(url);
  const std::size_t end = std::min(url.find('/', at), url.size());
  const Forward& way = *connection.find("store");
  const std::string host = way.port == 0 ? percent_encoded(way.socket) : fmt::format("127.0.0.1:{}", way.port);
  const std::string there = without_tls(fmt::format("{}{}{}", url.substr(0, at), host, url.substr(end)));
  const bool has_user = url.substr(0, at).find('@') != std::string_view::npos;
  return has_user && !password.empty() ? with_password(there, password) : there;
}

}  // namespace simswarm::cluster
