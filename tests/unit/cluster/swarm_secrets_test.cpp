#include "cluster/swarm_secrets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_stack.h"

namespace simswarm::cluster {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

TEST(SwarmSecrets, AreNamedByTheirContents) {
  const std::string one = secret_name("lab", "token", "abc");
  EXPECT_THAT(one, MatchesRegex("lab_token_[0-9a-f]{12}"));
  EXPECT_EQ(secret_name("lab", "token", "abc"), one);
  EXPECT_NE(secret_name("lab", "token", "abd"), one);
  EXPECT_EQ(secret_variable("queue_passwords"), "SIMSWARM_SECRET_QUEUE_PASSWORDS");
}

TEST(SwarmSecrets, AreMadeOnceAndRemovedWhenReplaced) {
  FakeStack fake;
  const SecretValues values{"queue-1", {"queue-1"}, "store-1", "token-1"};
  const auto names = create_secrets(Machine::here(), "lab", values);
  ASSERT_TRUE(names.has_value()) << names.error().message;
  EXPECT_EQ(fake.text("secrets/" + names->at("queue_passwords")), "queue-1");
  EXPECT_EQ(fake.text("secrets/" + names->at("token")), "token-1");
  EXPECT_EQ(create_secrets(Machine::here(), "lab", values).value(), *names);
  const SecretValues later{"queue-2", {"queue-2", "queue-1"}, "store-1", "token-1"};
  const auto renamed = create_secrets(Machine::here(), "lab", later).value();
  EXPECT_EQ(fake.text("secrets/" + renamed.at("queue_passwords")), "queue-2\nqueue-1");
  EXPECT_EQ(renamed.at("store_password"), names->at("store_password"));
  EXPECT_EQ(remove_secrets(Machine::here(), "lab", renamed).value(), 0U);
  EXPECT_FALSE(fake.has("secrets/" + names->at("queue_password")));
  EXPECT_TRUE(fake.has("secrets/" + names->at("token")));
}

TEST(SwarmSecrets, HaveTheFormerPasswordBesideTheNewOneWhileItIsReplaced) {
  FakeStack fake;
  const SecretValues first = secret_values("lab").value();
  EXPECT_THAT(first.accepted, ElementsAre(first.queue_password));
  ASSERT_TRUE(set_swarm_secret("lab", kFormerQueuePassword, "old").has_value());
  EXPECT_THAT(secret_values("lab")->accepted, ElementsAre(first.queue_password, "old"));
  ASSERT_TRUE(forget_former_queue_password("lab").has_value());
  EXPECT_EQ(secret_values("lab")->accepted.size(), 1U);
}

TEST(ClientFile, BringsRecordAndSecretsToOtherComputers) {
  SwarmRecord record;
  record.name = "lab";
  record.settings = {{"SIMSWARM_DRAIN", "5s"}};
  const SecretValues values{"q", {"q", "old"}, "s", "t"};
  const std::string text = to_json(ClientFile{record, values});
  EXPECT_THAT(text, Not(HasSubstr("old")));
  const auto file = client_file_from_json(text);
  ASSERT_TRUE(file.has_value()) << file.error().message;
  EXPECT_EQ(file->record, record);
  EXPECT_EQ(file->values.queue_password, "q");
  EXPECT_EQ(file->values.store_password, "s");
  EXPECT_EQ(file->values.token, "t");
}

TEST(ClientFile, SaysNothingOfWhatItCannotRead) {
  const std::pair<const char*, const char*> table[] = {
      {"very-secret", "it is no JSON"},
      {R"({"version":2,"secrets":"very-secret"})",
       "it is of another version than 1, the only one that this simswarm knows"},
      {R"({"version":"very-secret"})", "it is of another version than 1, the only one that this simswarm knows"},
      {R"({"version":1,"record":{},"secrets":["very-secret"]})", "it is damaged"}};
  for (const auto& [text, message] : table) EXPECT_EQ(error_of(client_file_from_json(text)), message);
  std::string text = to_json(ClientFile{});
  text.replace(text.find("\"token\""), 7, "\"takin\"");
  EXPECT_EQ(error_of(client_file_from_json(text)), "it is damaged: the secret token is missing");
}

}  // namespace
}  // namespace simswarm::cluster
