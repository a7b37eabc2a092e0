#include "queue/redis_tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <cstdlib>
#include <thread>

#include "listener.h"
#include "redis_server.h"

namespace simswarm::jobs {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// `queue.example` and its like are 127.0.0.1.
Result<RedisConnection> connect(const std::string& url, int milliseconds = 5000) {
  SIMSWARM_TRY(const RedisAddress address, parse_redis_url(url));
  const Resolver here = [](const std::string&) -> Result<std::vector<std::string>> {
    return std::vector<std::string>{"127.0.0.1"};
  };
  return RedisConnection::connect(address, std::chrono::milliseconds(milliseconds), here);
}

std::string complaint(const std::string& url, int milliseconds = 5000) {
  const auto connection = connect(url, milliseconds);
  EXPECT_FALSE(connection.has_value());
  if (connection.has_value()) return "";
  EXPECT_THAT(connection.error().message, AllOf(Not(HasSubstr(kTestPassword)), Not(HasSubstr("\n"))));
  EXPECT_EQ(connection.error().code, ExitCode::kEnvironment);
  return connection.error().message;
}

#if SIMSWARM_REDIS_TLS

// An authority of the test's own, and what it has signed: a server on queue.example and 127.0.0.1, and a client.
class Certificates {
 public:
  Certificates() {
    openssl("authority", "-addext basicConstraints=critical,CA:TRUE");
    const std::string by = "-CA authority.pem -CAkey authority.key -addext basicConstraints=CA:FALSE ";
    openssl("server", by + "-addext subjectAltName=DNS:queue.example,IP:127.0.0.1");
    openssl("client", by);
    folder_.write("both.pem", folder_.read("client.pem") + folder_.read("client.key"));
    run("openssl pkey -in client.key -aes128 -passout pass:x -out locked.key");
  }
  [[nodiscard]] std::string path(const std::string& name) const { return folder_ / name; }
  [[nodiscard]] const TestFolder& folder() const { return folder_; }

 private:
  void openssl(const std::string& name, const std::string& more) const {
    run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=" + name +
        " -keyout " + name + ".key -out " + name + ".pem " + more);
  }
  void run(const std::string& line) const {
    const std::string whole = "cd '" + folder_.path().string() + "' && " + line + " >log 2>&1";
    ASSERT_EQ(std::system(whole.c_str()), 0) << line << "\n" << folder_.read("log");
  }

  TestFolder folder_;
};

class RedisTlsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { certificates() = std::make_unique<Certificates>(); }
  static void TearDownTestSuite() { certificates().reset(); }
  static std::unique_ptr<Certificates>& certificates() {
    static std::unique_ptr<Certificates> one;
    return one;
  }
  static std::string path(const std::string& name) { return certificates()->path(name); }

  // On a free port.
  void start(const std::vector<std::string>& more = {}) {
    std::vector<std::string> words{"--tls-port",
                                   port_,
                                   "--bind",
                                   "127.0.0.1",
                                   "--tls-cert-file",
                                   path("server.pem"),
                                   "--tls-key-file",
                                   path("server.key"),
                                   "--tls-ca-cert-file",
                                   path("authority.pem"),
                                   "--tls-auth-clients",
                                   "no"};
    words.insert(words.end(), more.begin(), more.end());
    server_ = std::make_unique<RedisServer>(words);
  }
  [[nodiscard]] std::string url(const std::string& host, const std::string& options = "") const {
    return std::string("rediss://:") + kTestPassword + "@" + host + ":" + port_ + options;
  }
  [[nodiscard]] std::string trusting(const std::string& host, const std::string& more = "") const {
    return url(host, "?ssl_ca_certs=" + path("authority.pem") + more);
  }
  [[nodiscard]] std::string place(const std::string& host) const {
    return "queue rediss://" + host + ":" + port_ + ": ";
  }

  std::string port_ = std::to_string(Listener().port());
  std::unique_ptr<RedisServer> server_;
};

TEST_F(RedisTlsTest, SpeaksWithAServerThatItTrusts) {
  start();
  auto connection = connect(trusting("queue.example", "&db=3"));
  ASSERT_TRUE(connection.has_value()) << connection.error().message;
  const std::string large(3'000'000, 'x');
  ASSERT_TRUE(connection->command({"SET", "k", large}).has_value());
  EXPECT_EQ(connection->command({"GET", "k"}).value().text, large);
  EXPECT_EQ(connection->address().database, 3);
  EXPECT_TRUE(connect(trusting("127.0.0.1")).has_value()) << "the certificate holds the address";
}

TEST_F(RedisTlsTest, WaitsForWhatComes) {
  start();
  auto waits = connect(trusting("queue.example"));
  auto speaks = connect(trusting("queue.example"));
  ASSERT_TRUE(waits.has_value() && speaks.has_value());
  ASSERT_TRUE(waits->send({"SUBSCRIBE", "c"}).has_value());
  const std::string large(100'000, 'x');  // several records of TLS
  std::vector<RedisReply> all;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (all.size() < 3 && std::chrono::steady_clock::now() < until) {
    pollfd readable{waits->descriptor(), POLLIN, 0};
    ::poll(&readable, 1, 1000);
    auto more = waits->received();
    ASSERT_TRUE(more.has_value()) << more.error().message;
    const bool subscribed = all.empty() && !more->empty();
    all.insert(all.end(), more->begin(), more->end());
    if (!subscribed) continue;
    ASSERT_TRUE(speaks->command({"PUBLISH", "c", "small"}).has_value());
    ASSERT_TRUE(speaks->command({"PUBLISH", "c", large}).has_value());
  }
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[1].list.at(2).text, "small");
  EXPECT_EQ(all[2].list.at(2).text, large);
}

TEST_F(RedisTlsTest, IsMadeAnewAfterTheServerWasKilled) {
  start();
  auto connection = connect(trusting("queue.example"));
  ASSERT_TRUE(connection.has_value()) << connection.error().message;
  server_->kill();
  const auto broken = connection->command({"PING"});
  ASSERT_FALSE(broken.has_value());
  EXPECT_EQ(broken.error().message, place("queue.example") + "PING: the server closed the connection");
  EXPECT_TRUE(broken.error().can_retry);
  server_->start();
  EXPECT_TRUE(connection->command({"PING"}).has_value());
  EXPECT_EQ(connection->generation(), 2);
}

TEST_F(RedisTlsTest, TrustsWhatTheSystemTrusts) {
  start();
  EXPECT_THAT(complaint(url("queue.example")),
              AllOf(HasSubstr(place("queue.example") + "cannot connect: the server's certificate is not trusted ("),
                    HasSubstr("); name its authority with ?ssl_ca_certs=FILE")));
  EXPECT_FALSE(connect(url("queue.example")).error().can_retry);
  EXPECT_TRUE(connect(url("queue.example", "?ssl_cert_reqs=none")).has_value());
  ::setenv("SSL_CERT_FILE", path("authority.pem").c_str(), 1);  // OpenSSL's place of the system's store
  EXPECT_TRUE(connect(url("queue.example")).has_value());
  ::unsetenv("SSL_CERT_FILE");
}

TEST_F(RedisTlsTest, RefusesTheCertificateOfAnotherHost) {
  start();
  const std::string said =
      "cannot connect: the server's certificate is for another host; write the name that stands in it";
  EXPECT_EQ(complaint(trusting("other.example")), place("other.example") + said);
  EXPECT_EQ(complaint(trusting("127.0.0.2")), place("127.0.0.2") +
                                                  "cannot connect: Connection refused; is the server "
                                                  "running there?");
  EXPECT_TRUE(connect(trusting("other.example", "&ssl_check_hostname=False")).has_value());
  EXPECT_THAT(complaint(url("other.example", "?ssl_check_hostname=False")), HasSubstr("is not trusted"));
}

TEST_F(RedisTlsTest, ShowsItsOwnCertificateWhereItHasOne) {
  const std::string own = "&ssl_certfile=" + path("client.pem");
  for (const std::string version : {"TLSv1.2", "TLSv1.3"}) {  // the one refuses in its handshake, the other later
    start({"--tls-auth-clients", "yes", "--tls-protocols", version});
    EXPECT_THAT(complaint(trusting("queue.example")),
                testing::EndsWith("; does it want a certificate, ?ssl_certfile=FILE?"));
    EXPECT_TRUE(connect(trusting("queue.example", own + "&ssl_keyfile=" + path("client.key"))).has_value());
    EXPECT_TRUE(connect(trusting("queue.example", "&ssl_certfile=" + path("both.pem"))).has_value());
    server_.reset();
  }
}

TEST_F(RedisTlsTest, SaysWhichFileIsWrong) {
  const std::string no = path("no.pem");
  const std::string log = certificates()->folder().write("empty.pem", "");
  EXPECT_EQ(complaint(url("queue.example", "?ssl_ca_certs=" + no)),
            place("queue.example") + "ssl_ca_certs: cannot read '" + no + "': No such file or directory");
  EXPECT_THAT(complaint(url("queue.example", "?ssl_ca_certs=" + log)),
              HasSubstr("ssl_ca_certs: '" + log + "' holds no certificate"));
  EXPECT_THAT(complaint(url("queue.example", "?ssl_certfile=" + log)),
              HasSubstr("ssl_certfile: '" + log + "' holds no certificate"));
  EXPECT_THAT(complaint(url("queue.example", "?ssl_certfile=" + path("client.pem"))),
              HasSubstr("ssl_certfile: '" + path("client.pem") + "' holds no key of the certificate that can be read"));
  for (const std::string key : {"locked.key", "server.key"}) {
    EXPECT_THAT(complaint(url("queue.example", "?ssl_certfile=" + path("client.pem") + "&ssl_keyfile=" + path(key))),
                HasSubstr("ssl_keyfile: '" + path(key) +
                          "' holds no key of the certificate that can be read without a password"));
  }
}

TEST_F(RedisTlsTest, SaysWhenOnlyOneSideSpeaksTls) {
  start();
  const std::string plain = std::string("redis://:") + kTestPassword + "@127.0.0.1:" + port_;
  EXPECT_THAT(complaint(plain),
              AllOf(HasSubstr("queue redis://127.0.0.1:" + port_ + ": AUTH: "), HasSubstr("rediss://")));
  server_.reset();
  server_ = std::make_unique<RedisServer>(std::vector<std::string>{"--port", port_, "--bind", "127.0.0.1"});
  EXPECT_THAT(complaint(url("queue.example"), 300), HasSubstr("TLS"));
}

TEST_F(RedisTlsTest, NamesTheHostAndWaitsNoLongerThanItsTime) {
  Listener listener;
  port_ = std::to_string(listener.port());
  EXPECT_EQ(complaint(url("queue.example"), 200),
            place("queue.example") + "cannot connect: no answer within 0.2 s; does it speak TLS?");
  Listener web;
  port_ = std::to_string(web.port());
  std::string heard;
  std::thread server([&] { heard = web.serve_once("HTTP/1.1 400 Bad Request\r\n\r\n"); });
  EXPECT_EQ(complaint(url("queue.example")),
            place("queue.example") +
                "cannot connect: what answers there does not speak TLS (wrong version number); look "
                "at the port; redis:// is without TLS");
  server.join();
  EXPECT_THAT(heard, HasSubstr("queue.example"));
}

#else

TEST(RedisTls, IsNotSpokenWhereHiredisHasNone) {
  const std::string said = complaint(std::string("rediss://:") + kTestPassword + "@queue.example?ssl_cert_reqs=none");
  EXPECT_EQ(
      said,
      "queue rediss://queue.example:6379: rediss:// (TLS) is not spoken by this simswarm: it was built with a hiredis "
      "that has no TLS; write redis:// or unix:// and use a tunnel, or build it with hiredis 1.0 or newer");
}

#endif

}  // namespace
}  // namespace simswarm::jobs
