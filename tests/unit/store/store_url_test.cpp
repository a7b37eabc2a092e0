#include "store/store_url.h"

#include "store_support.h"

namespace simswarm::store {
namespace {

constexpr const char* kPassword = "s3cret";

TEST(StoreUrl, NamesAFolder) {
  for (const char* url : {"directory:/a/b", "directory:///a/b", "directory:/a/./c/../b/"}) {
    const auto address = parse_store_url(url);
    ASSERT_EQ(error_of(address), "no error") << url;
    EXPECT_EQ(address->kind, StoreAddress::Kind::kDirectory);
    EXPECT_EQ(address->folder, "/a/b") << url;
  }
  EXPECT_EQ(parse_store_url("directory:b")->folder, fs::current_path() / "b");
  EXPECT_EQ(parse_store_url("directory:a@b?c")->folder, fs::current_path() / "a@b?c");
}

TEST(StoreUrl, NamesAServer) {
  for (const char* url : {"mongodb://host", "mongodb+srv://u:p@host/db?a=b"}) {
    const auto address = parse_store_url(url);
    ASSERT_EQ(error_of(address), "no error") << url;
    EXPECT_EQ(address->kind, StoreAddress::Kind::kMongodb);
    EXPECT_EQ(address->url, url);
  }
}

TEST(StoreUrl, IsRefusedWithWhatIsExpected) {
  EXPECT_EQ(error_of(parse_store_url("directory:")), "store directory:: which folder? directory:/path/of/it");
  EXPECT_EQ(error_of(parse_store_url("redis://user:s3cret@host/0?x=s3cret")),
            "store redis://host/0: expected directory:PATH, mongodb://HOST/DATABASE or mongodb+srv://HOST/DATABASE");
  EXPECT_EQ(parse_store_url("").error().code, ExitCode::kUsage);
}

TEST(StoreUrl, IsShownWithoutSecrets) {
  EXPECT_EQ(without_secrets("mongodb://user:s3cret@host:27017/db?tlsCertificateKeyPassword=s3cret"),
            "mongodb://host:27017/db");
  EXPECT_EQ(without_secrets("mongodb://a:1,b:2,[::1]:3/db"), "mongodb://a:1,b:2,[::1]:3/db");
  EXPECT_EQ(without_secrets("mongodb://[fe80::1]/db"), "mongodb://[fe80::1]/db");
  EXPECT_EQ(without_secrets("mongodb://%2Ftmp%2Fmongo.sock/db"), "mongodb://%2Ftmp%2Fmongo.sock/db");
  EXPECT_EQ(without_secrets("mongodb://user:word@host/db?appName=a@b&tlsCertificateKeyFilePassword=k3y"),
            "mongodb://…");
  EXPECT_EQ(without_secrets("mongodb://host/db?tlsCertificateKeyFilePassword=k3@y"), "mongodb://…");
  EXPECT_EQ(without_secrets("directory:/a/b"), "directory:/a/b");
}

// However it is written wrongly.
TEST(StoreUrl, NeverShowsAPassword) {
  for (const char* url : {"mongodb://user:s3cret@host",
                          "mongodb://user:s3cret@host?x",
                          "mongodb://user:a@s3cret@host",
                          "mongodb://user:s3cret/x@host",
                          "mongodb://user:s3cret?x@host",
                          "user:s3cret@host/db",
                          "mongodb:/user:s3cret@host",
                          "mongodb:user:s3cret@host",
                          "mongodb//user:s3cret@host",
                          "mongo://user:s3cret@host",
                          "mongodb://user:s3cret",
                          "mongodb://user:s3cret%40host/db",
                          "mongodb://user:s3cret/db",
                          "user:s3cret",
                          "user:s3cret://@host",
                          "mongodb://host/?password=s3cret",
                          "mongodb://host,user:s3cret@other",
                          "mongodb://user:s3cret,host/db",
                          "://user:s3cret@host",
                          "MONGODB://user:s3cret@host/db"}) {
    EXPECT_EQ(without_secrets(url).find(kPassword), std::string::npos) << without_secrets(url);
    EXPECT_EQ(error_of(parse_store_url(url)).find(kPassword), std::string::npos) << error_of(parse_store_url(url));
  }
}

// What opening says: one line without the password, within the time of a person's patience.
std::string refusal(const std::string& url) {
  const auto store = open_store(url);
  if (store) return "it is open";
  EXPECT_EQ(store.error().message.find(kPassword), std::string::npos) << store.error().message;
  EXPECT_EQ(store.error().message.find('\n'), std::string::npos) << store.error().message;
  return store.error().message;
}

TEST(OpeningAStore, SaysWhatIsNoUrl) {
  for (const char* url :
       {"mongodb://user:s3cret@ho st:abc/db", "mongodb://us@er:s3cret@host/db", "mongodb://user:s3%cret@host",
        "mongodb://user:s3cret@host:99999/db", "mongodb://user:s3cret", "mongodb://user:s3cret@/db"}) {
    const std::string said = refusal(url);
    EXPECT_NE(said.find("libmongoc does not take this URL"), std::string::npos) << said;
  }
}

TEST(OpeningAStore, SaysThatNobodyAnswers) {
  const TestFolder folder;
  std::string socket = (folder / "none.sock").string();
  for (std::size_t at = 0; (at = socket.find('/', at)) != std::string::npos;) socket.replace(at, 1, "%2F");
  for (const std::string& host : {std::string("127.0.0.1:1"), std::string("nothing.invalid"), socket}) {
    const std::string url = "mongodb://user:s3cret@" + host + "/db?serverSelectionTimeoutMS=300";
    const std::string said = refusal(url);
    EXPECT_EQ(said.find("mongodb://" + host + "/db does not answer: "), 0U) << said;
    EXPECT_TRUE(open_store(url).error().can_retry);
  }
}

TEST(OpeningAStore, SaysWhatIsWrongWithCertificates) {
  const TestFolder folder;
  const fs::path empty = folder.write("empty.pem", "");
  for (const std::string& option : {"tlsCAFile=" + empty.string(), "tlsCertificateKeyFile=" + empty.string(),
                                    "tlsCertificateKeyFile=" + (folder / "none.pem").string()}) {
    const std::string said = refusal("mongodb://user:s3cret@127.0.0.1:1/db?tls=true&serverSelectionTimeoutMS=300&" +
                                     option + "&tlsCertificateKeyFilePassword=s3cret");
    EXPECT_EQ(said.find("mongodb://127.0.0.1:1/db"), said.starts_with("store ") ? 6U : 0U) << said;
    EXPECT_NE(said, "it is open");
  }
}

// The server of our own asks for a certificate, and knows no passwords.
TEST(OpeningAStore, SaysWhoIsRefused) {
  MongoServer& server = shared_mongo();
  if (std::getenv("SIMSWARM_TEST_MONGODB") != nullptr) return;  // NOLINT(*-mt-unsafe): has other rules
  const std::string short_time = "&serverSelectionTimeoutMS=500";
  const std::string without = refusal(server.url_without_certificate("db") + short_time);
  EXPECT_NE(without.find(" does not answer: "), std::string::npos) << without;
  for (std::string url :
       {server.url("db"), server.url_without_certificate("db"), server.socket_url("db") + "?appname=test"}) {
    url.insert(url.find("://") + 3, "user:s3cret@");
    const std::string said = refusal(url + short_time);
    EXPECT_TRUE(said.find(" refuses us: ") != std::string::npos || said.find(" does not answer: ") != std::string::npos)
        << said;
  }
}

}  // namespace
}  // namespace simswarm::store
