#include "cluster/services_plan.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <set>
#include <thread>

#include "base/digest.h"
#include "base/text.h"
#include "queue/job_queue.h"
#include "queue/redis_connection.h"
#include "settings/hosts_private.h"
#include "store/store_url.h"

extern char** environ;  // NOLINT(readability-redundant-declaration): not everywhere declared

namespace simswarm::cluster {
namespace {

constexpr const char* kRedis = "redis";
constexpr std::size_t kUsualDistcc = 3;
constexpr std::size_t kMostDistcc = 64;
constexpr std::chrono::milliseconds kPatience{1000};  // with one answer
constexpr int kPortsTried = 100;

std::size_t cores() {
  return std::max<std::size_t>(1, std::thread::hardware_concurrency());
}

// A path in a URL, or in Redis' settings.
std::string url_path(const fs::path& path) {
  return replace_all(percent_encoded(path.string()), "%2F", "/");
}
std::string redis_quoted(const std::string& text) {
  return "\"" + replace_all(replace_all(text, "\\", "\\\\"), "\"", "\\\"") + "\"";
}

Status redis_answers(const std::string& url) {
  SIMSWARM_TRY(const jobs::RedisAddress address, jobs::parse_redis_url(url));
  SIMSWARM_TRY(jobs::RedisConnection connection, jobs::RedisConnection::connect(address, kPatience));
  const auto pong = connection.command({"PING"});
  if (!pong) return propagate(pong.error());
  return {};
}

// Its password stands in a file that only it can read: neither in its words nor in its environment. What SIGKILL has
// cut off at the end of its log of changes is left out when it is loaded.
Result<Service> redis_service(const Layout& layout, const std::string& password) {
  const fs::path program = find_server("redis-server");
  if (program.empty()) return environment_error("redis-server is not installed: apt-get install redis-server");
  const std::optional<User> user = ::geteuid() == 0 ? user_named({"redis"}) : std::nullopt;
  const fs::path home = layout.home(kRedis);
  const fs::path socket = home / "redis.sock";
  SIMSWARM_CHECK(check_socket(socket));
  SIMSWARM_CHECK(layout.make_home(kRedis, user));
  const std::string settings = fmt::format(
      "port 0\nunixsocket {}\nunixsocketperm 700\ndir {}\nrequirepass {}\nappendonly yes\nappendfsync everysec\n"
      "aof-load-truncated yes\nsave \"\"\nmaxmemory-policy noeviction\ndaemonize no\nalways-show-logo no\n",
      redis_quoted(socket.string()), redis_quoted(home.string()), password);
  SIMSWARM_CHECK(layout.write_settings("redis.conf", settings, user));
  Service service;
  service.name = kRedis;
  service.address = "unix://" + url_path(socket);
  service.more_fingerprint = settings;
  service.daemon = daemon_of(layout, kRedis, user);
  service.daemon.argv = {program, layout.settings("redis.conf")};
  service.answers = [url = with_password(service.address, password)](pid_t) { return redis_answers(url); };
  return service;
}

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  address.sin_port = ::htons(static_cast<std::uint16_t>(port));
  return address;
}

// Port 0: any. Nothing: somebody has it.
std::optional<int> bound_port(int port) {
  const Fd one(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int yes = 1;
  ::setsockopt(one.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));  // as distccd does
  sockaddr_in address = loopback(port);
  socklen_t size = sizeof(address);
  if (::bind(one.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) return std::nullopt;
  if (::listen(one.get(), 1) != 0) return std::nullopt;
  if (::getsockname(one.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return std::nullopt;
  return ::ntohs(address.sin_port);
}

Status port_answers(int port) {
  const Fd one(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(port);
  if (::connect(one.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return {};
  return system_error(errno, fmt::format("127.0.0.1:{}", port));
}

// The port it had, where it is free or the server's own; else another one.
Result<int> port_for(const Layout& layout, const std::string& name, const std::set<int>& taken, int before) {
  const auto process = recorded(layout.pid_file(name));
  const bool is_up = process && runs(*process);
  if (before > 0 && !taken.contains(before) && (is_up || bound_port(before))) return before;
  for (int tries = 0; tries < kPortsTried; ++tries) {
    const auto port = bound_port(0);
    if (port && !taken.contains(*port)) return *port;
  }
  return environment_error("no free port on 127.0.0.1 for {}", name);
}

Result<Service> distcc_service(const Layout& layout, const std::string& name, int port, std::size_t jobs) {
  const std::optional<User> user = ::geteuid() == 0 ? user_named({"distccd", "nobody"}) : std::nullopt;
  SIMSWARM_CHECK(layout.make_home(name, user));
  Service service;
  service.name = name;
  service.address = fmt::format("127.0.0.1:{}", port);
  service.daemon = daemon_of(layout, name, user);
  service.daemon.argv = {
      find_server("distccd"), "--daemon", "--no-detach", "--listen", "127.0.0.1",          "--port",
      std::to_string(port),   "--allow",  "127.0.0.1",   "--jobs",   std::to_string(jobs), "--log-stderr",
      "--log-level",          "info"};
  service.answers = [port](pid_t) { return port_answers(port); };
  return service;
}

Result<std::vector<Service>> distcc_services(const Layout& layout, ServicesPlan& plan) {
  const bool is_there = !find_server("distccd").empty();
  const std::size_t count = plan.memory.distcc.value_or(is_there ? kUsualDistcc : 0);
  if (count > kMostDistcc) return usage_error("--distcc {}: at most {}", count, kMostDistcc);
  if (count > 0 && !is_there)
    return environment_error("distccd is not installed: apt-get install distcc, or --distcc 0");
  if (!is_there && !plan.memory.distcc)
    plan.notes.emplace_back("no distcc servers, since distccd is not installed: apt-get install distcc");
  std::vector<Service> services;
  std::map<std::string, int> ports;
  std::set<int> taken;
  for (std::size_t i = 1; i <= count; ++i) {
    const std::string name = fmt::format("distcc-{}", i);
    SIMSWARM_TRY(const int port, port_for(layout, name, taken, plan.memory.ports[name]));
    taken.insert(port);
    ports[name] = port;
    SIMSWARM_TRY(Service service, distcc_service(layout, name, port, std::max<std::size_t>(1, cores() / count)));
    services.push_back(std::move(service));
  }
  plan.memory.ports = std::move(ports);
  return services;
}

// What we have, for programs of the user's that builds and runs start, without what is meant for us alone.
std::vector<std::pair<std::string, std::string>> worker_environment() {
  std::vector<std::pair<std::string, std::string>> all;
  for (char** one = environ; *one != nullptr; ++one) {
    const std::string_view variable(*one);
    const std::size_t equals = variable.find('=');
    if (equals == std::string_view::npos || variable.starts_with("SIMSWARM_")) continue;
    all.emplace_back(variable.substr(0, equals), variable.substr(equals + 1));
  }
  return all;
}

Status worker_answers(const std::string& url, pid_t pid) {
  SIMSWARM_TRY(const auto queue, jobs::open_job_queue(url));
  SIMSWARM_TRY(const std::vector<jobs::WorkerView> workers, queue->workers());
  const bool is_there =
      std::any_of(workers.begin(), workers.end(), [&](const jobs::WorkerView& one) { return one.record.pid == pid; });
  if (!is_there) return environment_error("it has not announced itself");
  return {};
}

Service worker_service(const Layout& layout, const std::string& name, std::vector<std::string> words,
                       const std::string& queue) {
  Service service;
  service.name = name;
  service.phase = 2;
  service.daemon = daemon_of(layout, name, {});
  service.daemon.environment = worker_environment();
  service.daemon.umask = 022;  // others than root execute what it unpacks
  service.daemon.argv = std::move(words);
  service.answers = [queue](pid_t pid) { return worker_answers(queue, pid); };
  return service;
}

// What builder and runner have in common. Passwords stand in files.
std::vector<std::string> worker_words(const Layout& layout, const ServicesOptions& options, const std::string& kind,
                                      const std::string& queue, const StorePlan& store) {
  std::vector<std::string> words{options.program.string(),
                                 "worker",
                                 kind,
                                 "--queue",
                                 queue,
                                 "--password-file",
                                 layout.secret("queue-password"),
                                 "--store",
                                 store.url,
                                 "--spool",
                                 layout.root() / "spool" / kind,
                                 "--cache",
                                 layout.root() / "cache"};
  if (store.has_password) words.insert(words.end(), {"--store-password-file", layout.secret("store-password")});
  return words;
}

Status add_workers(const Layout& layout, const ServicesOptions& options, const StorePlan& store, ServicesPlan& plan) {
  const std::string queue = plan.services.front().address;
  std::vector<std::string> builder = worker_words(layout, options, "build", queue, store);
  builder.insert(builder.end(), {"--work", layout.root() / "work"});
  for (const Service& one : plan.services) {
    if (one.name.starts_with("distcc-")) builder.insert(builder.end(), {"--distcc", one.address});
  }
  std::vector<std::string> runner = worker_words(layout, options, "run", queue, store);
  runner.insert(runner.end(), {"--slots", std::to_string(plan.memory.runners)});
  for (const char* name : {"builder", "runner"}) SIMSWARM_CHECK(layout.make_home(name, {}));
  plan.services.push_back(worker_service(layout, "builder", std::move(builder), plan.host.queue));
  plan.services.push_back(worker_service(layout, "runner", std::move(runner), plan.host.queue));
  return {};
}

// The URL that clients use.
Result<std::string> store_for_clients(const Layout& layout, const StorePlan& store) {
  if (!store.has_password) return store.url;
  SIMSWARM_TRY(const std::string password, layout.password("store-password"));
  return with_password(store.url, password);
}

std::string fingerprint_of(const Service& service) {
  return digest_of(join(service.daemon.argv, "\n") + "\n" + service.more_fingerprint).hex();
}

}  // namespace

fs::path find_server(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::vector<std::string_view> folders = split(path != nullptr ? path : "", ':');
  for (const char* more : {"/usr/local/sbin", "/usr/sbin", "/sbin"}) folders.emplace_back(more);
  for (const std::string_view folder : folders) {
    const fs::path file = fs::path(folder) / name;
    std::error_code ignored;
    if (file.is_absolute() && fs::is_regular_file(file, ignored) && ::access(file.c_str(), X_OK) == 0) return file;
  }
  return {};
}

std::string sign_of(const Layout& layout, const std::string& service) {
  return "SIMSWARM_SERVICE=" + layout.home(service).string();
}

std::vector<std::pair<std::string, std::string>> server_environment(const Layout& layout, const std::string& service) {
  // Other users than root may not enter what root has in his.
  const char* path = ::geteuid() == 0 ? nullptr : std::getenv("PATH");
  const std::string home = layout.home(service).string();
  return {{"PATH", path != nullptr ? path : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
          {"HOME", home},
          {"TMPDIR", home},
          {"LANG", "C.UTF-8"},
          {"SIMSWARM_SERVICE", home}};
}

Daemon daemon_of(const Layout& layout, const std::string& service, const std::optional<User>& user) {
  Daemon daemon;
  daemon.environment = server_environment(layout, service);
  daemon.folder = layout.home(service);
  daemon.log = layout.log(service);
  daemon.pid_file = layout.pid_file(service);
  daemon.user = user;
  return daemon;
}

Status check_socket(const fs::path& path) {
  if (path.native().size() <= kLongestSocket) return {};
  return environment_error(
      "the path of the socket {} has {} bytes, and {} are possible: SIMSWARM_SERVICES_FOLDER says "
      "another folder",
      path.string(), path.native().size(), kLongestSocket);
}

Result<ServicesPlan> plan_services(const Layout& layout, const ServicesOptions& options, Memory memory) {
  ServicesPlan plan;
  plan.memory = std::move(memory);
  if (options.runners) plan.memory.runners = *options.runners;
  if (plan.memory.runners == 0) plan.memory.runners = cores();
  if (options.distcc) plan.memory.distcc = options.distcc;
  SIMSWARM_TRY(const std::string password, layout.password("queue-password"));
  SIMSWARM_TRY(Service redis, redis_service(layout, password));
  plan.services.push_back(std::move(redis));
  plan.host.queue = with_password(plan.services.front().address, password);
  SIMSWARM_TRY(StorePlan store,
               plan_store(layout, options.store.empty() ? plan.memory.store : options.store, options.program));
  plan.memory.store = store.kind;
  plan.notes = store.notes;
  for (Service& one : store.services) plan.services.push_back(std::move(one));
  SIMSWARM_TRY(plan.host.store, store_for_clients(layout, store));
  SIMSWARM_TRY(std::vector<Service> distcc, distcc_services(layout, plan));
  for (Service& one : distcc) plan.services.push_back(std::move(one));
  SIMSWARM_CHECK(add_workers(layout, options, store, plan));
  plan.memory.services.clear();
  for (Service& one : plan.services) {
    one.daemon.fingerprint = fingerprint_of(one);
    plan.memory.services.emplace_back(one.name, one.address);
  }
  return plan;
}

}  // namespace simswarm::cluster
