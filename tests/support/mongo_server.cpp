#include "mongo_server.h"

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "test_folder.h"

namespace simswarm::store {
namespace {

using Words = std::vector<std::string>;

constexpr const char* kFirstAddress = "127.0.0.1:0";  // the server picks a port
constexpr const char* kCertificateSettings = R"(
[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = IP:127.0.0.1, DNS:localhost
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[client]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
)";
// A commit is written before it is acknowledged, so that SIGKILL loses nothing; only a machine without power would.
constexpr const char* kClusterSettings = R"(
listen_addresses = ''
fsync = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 4GB
shared_buffers = 64MB
jit = off
default_toast_compression = lz4  # half the processor time of an upload, beside pglz
dynamic_shared_memory_type = mmap  # in the folder: nothing is left elsewhere by one that was killed
)";

void require(bool condition, const std::string& message) {
  if (!condition) throw std::runtime_error(message);
}

// PostgreSQL refuses root. Only for its programs.
struct User {
  uid_t uid;
  gid_t gid;
};
User unprivileged() {
  if (::geteuid() != 0) return {::geteuid(), ::getegid()};
  const passwd* nobody = ::getpwnam("nobody");
  require(nobody != nullptr, "no user 'nobody' to run PostgreSQL as");
  return {nobody->pw_uid, nobody->pw_gid};
}

struct Launch {
  Words words;
  fs::path folder;            // to run in
  fs::path out;               // standard output
  fs::path errors;            // appended
  bool unprivileged = false;  // as another user when we are root
};

// Ends when we do.
pid_t launch(const Launch& what, int input = -1) {
  std::vector<char*> argv;
  for (const std::string& word : what.words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const User user = what.unprivileged ? unprivileged() : User{::geteuid(), ::getegid()};
  const int out = ::open(what.out.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  const int errors = ::open(what.errors.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const int in = input >= 0 ? input : ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) {
    bool ready =
        ::dup2(in, 0) == 0 && ::dup2(out, 1) == 1 && ::dup2(errors, 2) == 2 && ::chdir(what.folder.c_str()) == 0;
    if (user.uid != ::geteuid()) {
      ready = ready && ::setgroups(0, nullptr) == 0 && ::setgid(user.gid) == 0 && ::setuid(user.uid) == 0;
    }
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // forgotten by a change of user, so behind it; works on one that is stopped
    if (ready && ::getppid() == parent) ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(out);
  ::close(errors);
  if (input < 0) ::close(in);
  require(pid > 0, "fork failed");
  return pid;
}

std::string content(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

void run(const Launch& what) {
  int status = 0;
  const pid_t pid = launch(what);
  require(::waitpid(pid, &status, 0) == pid && status == 0, what.words.front() + " failed: " + content(what.errors));
}

void kill_and_reap(pid_t& pid) {
  if (pid > 0) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
  pid = -1;
}

std::vector<pid_t> children_of(pid_t pid) {
  const std::string number = std::to_string(pid);
  std::istringstream words(content("/proc/" + number + "/task/" + number + "/children"));
  std::vector<pid_t> children;
  for (pid_t child = 0; words >> child;) children.push_back(child);
  return children;
}

// Debian keeps PostgreSQL's programs of each version in a folder of their own.
fs::path postgres_programs() {
  int best = 0;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", none)) {
    if (fs::exists(entry.path() / "bin/postgres")) best = std::max(best, std::atoi(entry.path().filename().c_str()));
  }
  require(best > 0, "no PostgreSQL in /usr/lib/postgresql; ./check --setup installs it");
  return "/usr/lib/postgresql/" + std::to_string(best) + "/bin";
}

std::string escaped(const std::string& path) {
  std::string text;
  for (const char letter : path) {
    if (letter == '/') {
      text += "%2F";
    } else {
      text += letter;
    }
  }
  return text;
}

}  // namespace

std::string with_database(const std::string& url, const std::string& database) {
  const std::size_t question = std::min(url.find('?'), url.size());
  const std::size_t scheme = url.find("://");
  require(scheme != std::string::npos, "no URL of a server");
  const std::size_t slash = std::min(url.find('/', scheme + 3), question);
  const std::string hosts = url.substr(0, slash);
  const std::string before = slash < question ? url.substr(slash + 1, question - slash - 1) : "";
  std::string options = question < url.size() ? url.substr(question + 1) : "";
  if (hosts.find('@') != std::string::npos && options.find("authSource=") == std::string::npos) {
    options += std::string(options.empty() ? "" : "&") + "authSource=" + (before.empty() ? "admin" : before);
  }
  return hosts + "/" + database + (options.empty() ? "" : "?" + options);
}

MongoServer::MongoServer() : folder_(std::make_unique<TestFolder>()), address_(kFirstAddress) {
  require(fs::exists(STANDIN), std::string("no ") + STANDIN + "; ./check --setup builds it");
  folder_->write("openssl.cnf", kCertificateSettings);
  make_certificate("ca", "");
  make_certificate("server", "ca");
  make_certificate("client", "ca");
  folder_->write("client-both.pem", folder_->read("client.pem") + folder_->read("client.key"));
  make_cluster();
  try {
    start();
  } catch (...) {
    kill_hard();  // a destructor is not called
    throw;
  }
}

MongoServer::MongoServer(std::string url) : url_(std::move(url)) {}

MongoServer::~MongoServer() {
  if (!ours()) return;
  kill_and_reap(standin_);
  if (postgres_ > 0) {  // in order, so that it gives back what it has outside of its folder
    ::kill(postgres_, SIGQUIT);
    ::kill(postgres_, SIGCONT);
    if (!wait_until([&] { return ::waitpid(postgres_, nullptr, WNOHANG) == postgres_; }, std::chrono::seconds(10))) {
      kill_hard();
    }
  }
}

const fs::path& MongoServer::folder() const {
  require(ours(), "a server that somebody else runs has no folder here");
  return folder_->path();
}

std::string MongoServer::url_without_certificate(const std::string& database) const {
  if (!ours()) return with_database(url_, database);
  return "mongodb://" + address_ + "/" + database + "?tls=true&tlsCAFile=" + file("ca.pem");
}

std::string MongoServer::url(const std::string& database) const {
  if (!ours()) return with_database(url_, database);
  return url_without_certificate(database) + "&tlsCertificateKeyFile=" + file("client-both.pem");
}

std::string MongoServer::socket_url(const std::string& database) const {
  if (!ours()) return with_database(url_, database);
  return "mongodb://" + escaped(file("mongo.sock")) + "/" + database;
}

std::string MongoServer::fresh_database() {
  static const unsigned once = std::random_device{}();
  static int count = 0;
  std::ostringstream name;
  name << "simswarm_test_" << std::hex << once << "_" << ::getpid() << "_" << std::dec << ++count;
  return name.str();
}

void MongoServer::make_certificate(const std::string& name, const std::string& name_of_ca) const {
  Words words{"openssl",
              "req",
              "-x509",
              "-newkey",
              "ec",
              "-pkeyopt",
              "ec_paramgen_curve:P-256",
              "-nodes",
              "-batch",
              "-days",
              "30",
              "-config",
              "openssl.cnf",
              "-extensions",
              name,
              "-subj",
              "/CN=simswarm test " + name,
              "-keyout",
              name + ".key",
              "-out",
              name + ".pem"};
  if (!name_of_ca.empty()) words.insert(words.end(), {"-CA", name_of_ca + ".pem", "-CAkey", name_of_ca + ".key"});
  run({.words = words, .folder = folder(), .out = "/dev/null", .errors = file("openssl.log")});
}

void MongoServer::make_cluster() const {
  const User user = unprivileged();
  const fs::path home = folder_->folder("postgres");
  require(::chown(home.c_str(), user.uid, user.gid) == 0 && ::chmod(home.c_str(), 0700) == 0, "chown failed");
  run({.words = {postgres_programs() / "initdb", "--no-sync", "--auth=trust", "--username=standin", "--encoding=UTF8",
                 "--locale=C", "--pgdata=data"},
       .folder = home,
       .out = "/dev/null",
       .errors = file("initdb.log"),
       .unprivileged = true});
  std::ofstream(home / "data/postgresql.conf", std::ios::app) << kClusterSettings;
}

void MongoServer::start() {
  require(ours() && standin_ < 0 && postgres_ < 0, "only a server of our own that was ended can be started");
  start_postgres();
  start_standin();
}

void MongoServer::start_postgres() {
  const fs::path home = folder() / "postgres";
  const Launch what{.words = {postgres_programs() / "postgres", "-D", home / "data", "-k", home},
                    .folder = home,
                    .out = "/dev/null",
                    .errors = file("postgres.log"),
                    .unprivileged = true};
  postgres_ = launch(what);
  const bool ready = wait_until([&] {
    if (::waitpid(postgres_, nullptr, WNOHANG) == postgres_)
      postgres_ = launch(what);  // one that was killed is still going
    std::istringstream lines(content(home / "data/postmaster.pid"));
    std::string first, last;
    std::getline(lines, first);
    for (std::string line; std::getline(lines, line);) last = line;
    return first == std::to_string(postgres_) && last.starts_with("ready");
  });
  require(ready, "PostgreSQL does not start: " + content(what.errors));
}

void MongoServer::start_standin() {
  const Launch what{.words = {STANDIN, "--with-parent", "--postgres",
                              "postgres:///postgres?user=standin&host=" + (folder() / "postgres").string(), "--unix",
                              file("mongo.sock"), "--tls", address_, "--cert", file("server.pem"), "--key",
                              file("server.key"), "--ca", file("ca.pem")},
                    .folder = folder(),
                    .out = file("standin.out"),
                    .errors = file("standin.log")};
  int ends[2] = {-1, -1};
  require(::pipe2(ends, O_CLOEXEC) == 0, "no pipe");
  const Fd input(ends[0]);
  life_ = Fd(ends[1]);
  standin_ = launch(what, input.get());
  std::string said;
  const bool ready = wait_until([&] {
    if (::waitpid(standin_, nullptr, WNOHANG) == standin_) {
      standin_ = -1;
      return true;
    }
    said = content(what.out);
    return said.ends_with("ready\n");
  });
  require(ready && standin_ > 0, "the server does not start: " + content(what.errors));
  const std::string before = "listening on ";
  const std::size_t at = said.find(before);
  require(at != std::string::npos, "the server said: " + said);
  address_ = said.substr(at + before.size(), said.find('\n', at) - at - before.size());
}

void MongoServer::kill_hard() {
  require(ours(), "a server that somebody else runs is not killed");
  kill_and_reap(standin_);
  const std::vector<pid_t> children = postgres_ > 0 ? children_of(postgres_) : std::vector<pid_t>{};
  kill_and_reap(postgres_);
  for (const pid_t child : children) ::kill(child, SIGKILL);
}

void MongoServer::stop_still() const {
  require(ours(), "a server that somebody else runs is not stopped");
  for (const pid_t pid : {standin_, postgres_}) ::kill(pid, SIGSTOP);
  // The signal is only on its way: on a busy machine a server would still take the next question.
  for (const pid_t pid : {standin_, postgres_}) {
    const auto stands = [pid] {
      std::string stat;
      std::getline(std::ifstream("/proc/" + std::to_string(pid) + "/stat"), stat);
      return stat.find(") T ") != std::string::npos;
    };
    require(wait_until(stands), "a server did not stand still");
  }
}

void MongoServer::go_on() const {
  require(ours(), "a server that somebody else runs was not stopped");
  for (const pid_t pid : {postgres_, standin_}) ::kill(pid, SIGCONT);
}

namespace {

std::unique_ptr<MongoServer>& shared() {
  static std::unique_ptr<MongoServer> one;
  return one;
}

// Ends it while googletest can still say what is wrong.
class SharedMongo : public testing::Environment {
 public:
  void TearDown() override { shared().reset(); }
};
testing::Environment* const kSharedMongo = testing::AddGlobalTestEnvironment(new SharedMongo);

}  // namespace

MongoServer& shared_mongo() {
  if (!shared()) {
    const char* url = std::getenv("SIMSWARM_TEST_MONGODB");
    shared() = url != nullptr && *url != '\0' ? std::make_unique<MongoServer>(url) : std::make_unique<MongoServer>();
  }
  return *shared();
}

}  // namespace simswarm::store
