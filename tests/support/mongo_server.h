// A server of the test's own that speaks MongoDB's protocol: tests/store/standin over a PostgreSQL cluster in a
// temporary folder, which scripts/standin.sh (`./check --setup`) builds. Never the system's.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "test_folder.h"

namespace simswarm::store {

// What cannot be made or started is thrown as std::runtime_error, with what the programs said. All of it ends with
// this, and when the test is killed. A server ends with the thread that started it: begin it in one that stays.
class MongoServer {
 public:
  // Makes a cluster and certificates, and starts; one to two seconds.
  MongoServer();
  // One that somebody else runs, as a client's URL: gives URLs, and starts and ends nothing.
  explicit MongoServer(std::string url);
  MongoServer(const MongoServer&) = delete;
  MongoServer& operator=(const MongoServer&) = delete;
  ~MongoServer();

  // Over TLS with the client's certificate.
  [[nodiscard]] std::string url(const std::string& database) const;
  // The server refuses it.
  [[nodiscard]] std::string url_without_certificate(const std::string& database) const;
  // A Unix socket. Somebody else's server: as `url`.
  [[nodiscard]] std::string socket_url(const std::string& database) const;
  // A name that no test before had.
  [[nodiscard]] std::string fresh_database();

  // The rest is for a server of our own.
  [[nodiscard]] const fs::path& folder() const;
  [[nodiscard]] pid_t pid() const { return standin_; }            // of the program that clients talk to
  [[nodiscard]] pid_t database_pid() const { return postgres_; }  // of the PostgreSQL behind it
  // SIGKILL for both. What was acknowledged stays.
  void kill_hard();
  // Again on the same port, socket and data, until it answers.
  void start();
  // Both stand still: connections are accepted by the kernel, and nothing is answered.
  void stop_still() const;
  void go_on() const;

 private:
  [[nodiscard]] bool ours() const { return folder_ != nullptr; }
  [[nodiscard]] std::string file(const std::string& name) const { return folder() / name; }
  void make_certificate(const std::string& name, const std::string& name_of_ca) const;
  void make_cluster() const;
  void start_postgres();
  void start_standin();

  std::unique_ptr<TestFolder> folder_;  // none: somebody else's
  std::string url_;                     // of somebody else's
  std::string address_;                 // of the TLS socket; the port stays over starts
  pid_t postgres_ = -1;
  pid_t standin_ = -1;
  Fd life_;  // its standard input: it ends when this closes
};

// One server for all tests of a program, started by the first that wants it: each uses a fresh_database(). With
// SIMSWARM_TEST_MONGODB=URL it is that one, where databases of tests (simswarm_test_…) stay.
MongoServer& shared_mongo();

// The URL with another database; who logs in still does so where the URL said, or in `admin`.
std::string with_database(const std::string& url, const std::string& database);

}  // namespace simswarm::store
