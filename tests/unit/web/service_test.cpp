#include "web/service.h"

#include <gmock/gmock.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <zlib.h>

#include <thread>

#include "raw_client.h"
#include "test_folder.h"

namespace simswarm::web {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kToken = "0123456789abcdef0123456789abcdef";

std::string unpacked(std::string packed) {
  z_stream stream{};
  EXPECT_EQ(::inflateInit2(&stream, 15 + 16), Z_OK);
  std::string text(1U << 20U, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  EXPECT_EQ(::inflate(&stream, Z_FINISH), Z_STREAM_END);
  text.resize(text.size() - stream.avail_out);
  ::inflateEnd(&stream);
  return text;
}

// Answers of several kinds and sizes, on a socket.
class ServiceTest : public testing::Test {
 protected:
  void serve() {
    auto opened = Service::open({.listen = {},
                                 .sockets = {(folder_ / "web.sock").string()},
                                 .token_file = {},
                                 .say = [this](const std::string& text) { said_.push_back(text); },
                                 .say_request = {}});
    ASSERT_TRUE(opened.has_value()) << error_of(opened);
    service_.emplace(std::move(*opened));
    SiteOptions site;
    site.service = "dashboard";
    site.ready = [](const Request&) { return Response{}; };
    site.routes = {{"GET", "/api/v1/large", [](const Call&) { return json_response(std::string(10'000, '7')); }},
                   {"GET", "/api/v1/other", [](const Call&) { return json_response(std::string(10'000, '8')); }},
                   {"GET", "/api/v1/small", [](const Call&) { return json_response("{}"); }},
                   {"GET", "/api/v1/bytes", [](const Call&) {
                      Response response = text_response(std::string(10'000, 'x'));
                      response.type = "application/octet-stream";
                      return response;
                    }}};
    thread_ = std::thread([this, site] { service_->run(site, stop_.get()); });
  }
  ~ServiceTest() override {
    const std::uint64_t one = 1;
    EXPECT_EQ(::write(stop_.get(), &one, sizeof(one)), static_cast<ssize_t>(sizeof(one)));
    if (thread_.joinable()) thread_.join();
  }
  std::string ask(const std::string& path, bool takes_gzip = true) {
    return RawClient(folder_ / "web.sock").ask(get(path, takes_gzip ? "Accept-Encoding: gzip\r\n" : ""));
  }

  TestFolder folder_;
  Fd stop_{::eventfd(0, EFD_CLOEXEC)};
  std::vector<std::string> said_;
  std::optional<Service> service_;
  std::thread thread_;
};

TEST_F(ServiceTest, PacksWhatIsWorthIt) {
  serve();
  for (int i = 0; i < 3; ++i) {
    for (const auto& [path, digit] : {std::pair("/api/v1/large", '7'), std::pair("/api/v1/other", '8')}) {
      const std::string packed = ask(path);
      EXPECT_EQ(header_of(packed, "Content-Encoding"), "gzip");
      EXPECT_LT(body_of(packed).size(), 1000U);
      EXPECT_EQ(unpacked(body_of(packed)), std::string(10'000, digit) + "\n");
    }
  }
  EXPECT_EQ(body_of(ask("/api/v1/large", false)), std::string(10'000, '7') + "\n") << "not asked for";
  EXPECT_EQ(body_of(ask("/api/v1/small")), "{}\n");
  EXPECT_EQ(body_of(ask("/api/v1/bytes")), std::string(10'000, 'x'));
  EXPECT_EQ(header_of(ask("/assets/dashboard.js"), "Content-Encoding"), "gzip");
  EXPECT_THAT(said_, testing::ElementsAre("listens at unix://" + (folder_ / "web.sock").string()));
}

TEST_F(ServiceTest, ListensOnAPortOnlyWithAToken) {
  const auto open =
      Service::open({.listen = {"127.0.0.1:0"}, .sockets = {}, .token_file = {}, .say = {}, .say_request = {}});
  EXPECT_THAT(error_of(open), HasSubstr("anybody who reaches the port could see all"));
  const std::string file = folder_.write("token", kToken + "\n").string();
  const auto closed =
      Service::open({.listen = {"127.0.0.1:0"}, .sockets = {}, .token_file = file, .say = {}, .say_request = {}});
  ASSERT_TRUE(closed.has_value()) << error_of(closed);
  EXPECT_EQ(closed->token(), kToken);
  ASSERT_EQ(closed->addresses().size(), 1U);
  EXPECT_THAT(closed->addresses()[0], testing::StartsWith("http://127.0.0.1:"));
  const auto none = Service::open({});
  EXPECT_THAT(error_of(none), HasSubstr("nothing says where to listen"));
}

}  // namespace
}  // namespace simswarm::web
