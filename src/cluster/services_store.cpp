// The store of local services: a server of MongoDB's own where there is one, else the stand-in over PostgreSQL, a
// folder, or what the user names.
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/subprocess.h"
#include "base/text.h"
#include "cluster/services_plan.h"
#include "settings/hosts_private.h"
#include "simulator/command_text.h"
#include "store/store.h"
#include "store/store_url.h"

namespace simswarm::cluster {
namespace {

constexpr const char* kMongod = "mongodb";  // names of services
constexpr const char* kPostgres = "postgres";
constexpr const char* kInstall =
    "install MongoDB's server (mongod), or PostgreSQL (apt-get install postgresql) and the stand-in of the tests "
    "(scripts/standin.sh; SIMSWARM_STANDIN says where it is)";

// A power cut takes the last moments, as it does from the queue, which is synced each second; SIGKILL takes nothing.
// Words, not a file in the cluster's folder: root writes nothing where another user could have put a link.
constexpr std::array kClusterSettings{
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "synchronous_commit=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "shared_buffers=64MB",
    "jit=off",
    "log_min_messages=log",             // an insert of what is there is no error worth a line
    "default_toast_compression=lz4",    // half the processor time of an upload, beside pglz
    "dynamic_shared_memory_type=mmap",  // in the folder: nothing is left elsewhere by one that was killed
};

bool is_program(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

// Named by the user, or where the tree that has built us keeps it. Empty: there is none.
Result<fs::path> find_standin(const fs::path& program) {
  if (const char* said = std::getenv("SIMSWARM_STANDIN"); said != nullptr && *said != '\0') {
    if (!is_program(said)) return environment_error("SIMSWARM_STANDIN={} is no program", said);
    return fs::absolute(said);
  }
  const fs::path folder = program.parent_path();
  for (const fs::path& place : {folder.parent_path() / "standin/standin", folder / "standin/standin"}) {
    if (is_program(place)) return place;
  }
  return fs::path();
}

// Debian keeps the programs of each version in a folder of their own, and a cluster needs those it was made by.
fs::path postgres_programs(const fs::path& cluster) {
  const fs::path debian = "/usr/lib/postgresql";
  const Result<std::string> made_by = read_file(cluster / "PG_VERSION");
  if (made_by) {
    const fs::path same = debian / std::string(trim(*made_by)) / "bin";
    if (is_program(same / "postgres")) return same;
  }
  std::int64_t best = 0;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(debian, ignored)) {
    if (is_program(entry.path() / "bin/postgres"))
      best = std::max(best, parse_int(entry.path().filename().native()).value_or(0));
  }
  if (best > 0) return debian / std::to_string(best) / "bin";
  const fs::path elsewhere = find_server("postgres");
  std::error_code error;
  const fs::path real = elsewhere.empty() ? fs::path() : fs::canonical(elsewhere, error);
  return error ? fs::path() : real.parent_path();
}

std::string our_name() {
  const passwd* entry = ::getpwuid(::geteuid());
  return entry != nullptr ? entry->pw_name : std::to_string(::geteuid());
}

// Only for this server, so that it is removed where no process of it is left: the kernel may have given its number to
// another since.
void remove_old_locks(const fs::path& home) {
  const Result<std::string> lock = read_file(home / "data/postmaster.pid");
  const auto pid = lock ? parse_int(trim(std::string_view(*lock).substr(0, lock->find('\n')))) : std::nullopt;
  std::error_code error;
  const fs::path works_in = pid ? fs::read_symlink(fmt::format("/proc/{}/cwd", *pid), error) : fs::path();
  if (pid && !error && works_in == fs::canonical(home / "data", error)) return;
  for (const char* name : {"data/postmaster.pid", ".s.PGSQL.5432", ".s.PGSQL.5432.lock"})
    fs::remove(home / name, error);
}

Status make_cluster(const fs::path& programs, const fs::path& home, const std::optional<User>& user) {
  std::error_code error;
  if (fs::exists(home / "data", error)) return {};
  SIMSWARM_CHECK(remove_tree(home / "data.new"));  // of one that was cut off
  Subprocess initdb;
  initdb.argv = {
      programs / "initdb", "--auth-local=peer", "--auth-host=reject", "--username=" + (user ? user->name : our_name()),
      "--encoding=UTF8",   "--locale=C",        "--pgdata=data.new"};
  initdb.folder = home;
  initdb.timeout = 120;
  if (user) initdb.run_as = {user->uid, user->gid};
  SIMSWARM_TRY(const Answer answer, run(initdb));
  if (answer.exit_code != 0)
    return environment_error("PostgreSQL's initdb failed: {}", clean_line(trim(answer.errors), 300));
  fs::rename(home / "data.new", home / "data", error);
  if (error) return system_error(error.value(), home.string());
  return {};
}

// The last line of its lock's file is its state.
Status postgres_answers(const fs::path& home, pid_t pid) {
  const Result<std::string> lock = read_file(home / "data/postmaster.pid");
  if (!lock) return environment_error("PostgreSQL has not begun");
  const std::vector<std::string_view> all = lines(*lock);
  if (!all.empty() && parse_int(trim(all.front())) == pid && trim(all.back()) == "ready") return {};
  return environment_error("PostgreSQL is starting");
}

std::string socket_url(const fs::path& socket) {
  return fmt::format("mongodb://{}/simswarm", percent_encoded(socket.string()));
}

Status store_answers(const std::string& url) {
  const auto opened = store::open_store(url + "?serverSelectionTimeoutMS=1000");
  if (!opened) return propagate(opened.error());
  return {};
}

// PostgreSQL refuses root. Not `nobody` where it can be helped: simulations may run as that.
std::optional<User> store_user() {
  return ::geteuid() == 0 ? user_named({"postgres", "nobody"}) : std::nullopt;
}

Result<Service> postgres_service(const Layout& layout, const std::optional<User>& user) {
  const fs::path home = layout.home(kPostgres);
  const fs::path programs = postgres_programs(home / "data");
  if (programs.empty()) return environment_error("PostgreSQL is not installed: apt-get install postgresql");
  SIMSWARM_CHECK(check_socket(home / ".s.PGSQL.5432"));
  SIMSWARM_CHECK(layout.make_home(kPostgres, user));
  Service service;
  service.name = kPostgres;
  service.address = (home / ".s.PGSQL.5432").string();
  service.daemon = daemon_of(layout, kPostgres, user);
  service.daemon.argv = {programs / "postgres", "-D", home / "data", "-k", home};
  for (const char* setting : kClusterSettings) service.daemon.argv.insert(service.daemon.argv.end(), {"-c", setting});
  service.prepare = [programs, home, user]() -> Status {
    remove_old_locks(home);
    return make_cluster(programs, home, user);
  };
  service.answers = [home](pid_t pid) { return postgres_answers(home, pid); };
  return service;
}

Result<Service> standin_service(const Layout& layout, const fs::path& program, const std::optional<User>& user) {
  const fs::path socket = layout.home(kMongod) / "mongodb.sock";
  SIMSWARM_CHECK(check_socket(socket));
  SIMSWARM_CHECK(layout.make_home(kMongod, user));
  if (user && !can_reach(*user, program))
    return environment_error("{} cannot be executed by the user {}, whom root starts it as", program.string(),
                             user->name);
  Service service;
  service.name = kMongod;
  service.phase = 1;
  service.address = socket_url(socket);
  service.daemon = daemon_of(layout, kMongod, user);
  service.daemon.argv = {program, "--postgres",
                         fmt::format("postgres:///postgres?user={}&host={}", user ? user->name : our_name(),
                                     percent_encoded(layout.home(kPostgres).string())),
                         "--unix", socket};
  service.answers = [url = service.address](pid_t) { return store_answers(url); };
  return service;
}

// Who may enter the folder of its socket may use it: nobody but its user and root.
Result<Service> mongod_service(const Layout& layout, const fs::path& program, const std::optional<User>& user) {
  const fs::path home = layout.home(kMongod);
  const fs::path socket = home / "mongodb.sock";
  SIMSWARM_CHECK(check_socket(socket));
  SIMSWARM_CHECK(layout.make_home(kMongod, user));
  const std::string settings = fmt::format(
      "storage:\n  dbPath: \"{0}\"\nnet:\n  bindIp: \"{1}\"\n  unixDomainSocket:\n    enabled: true\n    pathPrefix: "
      "\"{0}\"\n    filePermissions: 448\n",
      home.string(), socket.string());
  SIMSWARM_CHECK(layout.write_settings("mongod.yaml", settings, user));
  Service service;
  service.name = kMongod;
  service.phase = 1;
  service.address = socket_url(socket);
  service.more_fingerprint = settings;
  service.daemon = daemon_of(layout, kMongod, user);
  service.daemon.argv = {program, "--config", layout.settings("mongod.yaml")};
  service.answers = [url = service.address](pid_t) { return store_answers(url); };
  return service;
}

Result<StorePlan> plan_server(const Layout& layout, const fs::path& program) {
  StorePlan plan;
  plan.kind = "mongodb";
  const std::optional<User> user = store_user();
  if (const fs::path mongod = find_server("mongod"); !mongod.empty()) {
    std::error_code ignored;
    if (fs::exists(layout.home(kPostgres), ignored))
      return environment_error(
          "these services have their store in PostgreSQL, and now there is a mongod: end them with "
          "`simswarm services down {} --forget`, or put mongod out of PATH",
          layout.root().filename().string());
    SIMSWARM_TRY(Service service, mongod_service(layout, mongod, user));
    plan.services.push_back(std::move(service));
  } else {
    SIMSWARM_TRY(const fs::path standin, find_standin(program));
    if (standin.empty()) return environment_error("no server that speaks MongoDB's protocol: {}", kInstall);
    SIMSWARM_TRY(Service postgres, postgres_service(layout, user));
    plan.services.push_back(std::move(postgres));
    SIMSWARM_TRY(Service server, standin_service(layout, standin, user));
    plan.services.push_back(std::move(server));
  }
  plan.url = plan.services.back().address;
  return plan;
}

StorePlan plan_folder(const Layout& layout) {
  StorePlan plan;
  plan.kind = "directory";
  plan.url = "directory:" + (layout.root() / "store").string();
  return plan;
}

// Options stand in lists of processes, and there is no file for what they hide.
bool has_secret_options(const std::string& url) {
  std::string options = url.substr(std::min(url.find('?'), url.size()));
  std::transform(options.begin(), options.end(), options.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return options.find("keyfilepassword=") != std::string::npos ||
         options.find("clientcertificatekeypassword=") != std::string::npos ||
         options.find("authmechanismproperties=") != std::string::npos;
}

Result<StorePlan> plan_url(const Layout& layout, const std::string& wanted) {
  SIMSWARM_TRY(const store::StoreAddress address, store::parse_store_url(wanted));
  StorePlan plan;
  if (address.kind == store::StoreAddress::Kind::kDirectory) {
    plan.kind = plan.url = "directory:" + address.folder.string();
    return plan;
  }
  if (has_secret_options(wanted)) {
    return usage_error("--store {}: an option of it is a secret, and would stand in lists of processes",
                       store::without_secrets(wanted));
  }
  const UrlAndPassword parts = without_its_password(wanted);
  plan.kind = plan.url = parts.url;
  if (!parts.password.empty()) SIMSWARM_CHECK(write_private(layout.secret("store-password"), parts.password + "\n"));
  std::error_code ignored;
  plan.has_password = fs::exists(layout.secret("store-password"), ignored);
  return plan;
}

// What is usual: no error but a note where there is no server.
Result<StorePlan> plan_usual(const Layout& layout, const fs::path& program) {
  SIMSWARM_TRY(const fs::path standin, find_standin(program));
  const bool has_standin = !standin.empty() && !postgres_programs({}).empty();
  if (has_standin || !find_server("mongod").empty()) return plan_server(layout, program);
  StorePlan plan = plan_folder(layout);
  plan.notes.push_back(
      fmt::format("the store is a folder, since there is no server that speaks MongoDB's protocol; {}", kInstall));
  return plan;
}

}  // namespace

Result<StorePlan> plan_store(const Layout& layout, const std::string& wanted, const fs::path& program) {
  if (wanted.empty()) return plan_usual(layout, program);
  if (wanted == "mongodb") return plan_server(layout, program);
  if (wanted == "directory") return plan_folder(layout);
  if (wanted.find(':') != std::string::npos) return plan_url(layout, wanted);
  return usage_error("--store {}: expected mongodb, directory or a URL{}", wanted,
                     did_you_mean(wanted, {"mongodb", "directory"}));
}

}  // namespace simswarm::cluster
