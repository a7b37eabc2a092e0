// Records as documents: golden ones, and such as somebody else may have written.
#include "store/records.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "test_folder.h"

namespace simswarm::store {
namespace {

using nlohmann::json;

const std::string kKey(64, 'a');
const std::string kOne(64, '1');
const std::string kTwo(64, '2');
const std::string kThree(64, '3');
constexpr Stamp kBegin{std::chrono::microseconds(1'795'000'000'123'456)};

Digest digest(const std::string& hex) {
  return Digest::parse(hex).value();
}

AttemptRecord attempt_record() {
  AttemptRecord record;
  Attempt& attempt = record.attempt;
  attempt.key = {digest(kKey)};
  attempt.campaign = "01CAMPAIGN";
  attempt.number = 2;
  attempt.verdict = {Outcome::kModelError, "it broke", {"50.25", 1234, "(Server) Net.server (id=3)"}};
  attempt.usage = {1.5, 1.25, 0.125, 1'048'576, 42, 5'000'000'000};
  attempt.started = kBegin;
  attempt.ended = kBegin + std::chrono::seconds(2);
  attempt.exit_code = 139;
  attempt.host = "n1";
  attempt.command = {"./sim", "caf\xe9", "ä"};
  attempt.cpu = "A Kind (1/2/3), x86-64-v3";
  record.run = "Config:load=2,#0";
  record.worker = "w1";
  record.output = "said\n";
  record.errors = std::string("\0\xff", 2);
  return record;
}

const std::string kAttemptBody =
    R"({"campaign":"01CAMPAIGN","command":["./sim",{"hex":"636166e9"},"ä"],"cpu":"A Kind (1/2/3), x86-64-v3","ended":1795000002123456,)"
    R"("errors":{"hex":"00ff"},"event":1234,"events":5000000000,"exit_code":139,"host":"n1","key":")" +
    kKey +
    R"-(","message":"it broke","module":"(Server) Net.server (id=3)","number":2,"outcome":"model_error",)-"
    R"("output":"said\n","peak_memory":1048576,"result_bytes":42,"run":"Config:load=2,#0","simulated_time":"50.25",)"
    R"("started":1795000000123456,"system_seconds":0.125,"user_seconds":1.25,"v":1,"wall_seconds":1.5,"worker":"w1"})";

RunRecord run_record() {
  RunRecord record;
  record.made_by.attempt.key = {digest(kKey)};
  record.made_by.attempt.campaign = "01CAMPAIGN";
  record.made_by.attempt.verdict.outcome = Outcome::kCompleted;
  record.made_by.run = "Config#0";
  record.made_by.worker = "w1";
  record.files = {{"results/a.sca", 7, digest(kOne), {}}, {"../\xff", 0, digest(kTwo), {}}};
  record.canonical = digest(kThree);
  record.archive = digest(kOne);
  record.archive_size = 1024;
  record.packed = "zst";
  record.packed_size = 3;
  return record;
}

const std::string kRunBody =
    R"({"archive":")" + kOne + R"(","archive_size":1024,"campaign":"01CAMPAIGN","canonical":")" + kThree +
    R"(","command":[],"ended":0,"events":0,"exit_code":0,"files":[{"path":"results/a.sca","sha256":")" + kOne +
    R"(","size":7},{"path":{"hex":"2e2e2fff"},"sha256":")" + kTwo + R"(","size":0}],"host":"","key":")" + kKey +
    R"(","number":1,"outcome":"completed","packed":3,"peak_memory":0,"result_bytes":0,"run":"Config#0","started":0,)"
    R"("system_seconds":0.0,"user_seconds":0.0,"v":1,"wall_seconds":0.0,"worker":"w1"})";

CampaignRecord campaign_record() {
  return {"01CAMPAIGN", "loads", "run-1", R"({"program":"./sim"})", "n1", digest(kOne), digest(kTwo), 1000, 2, 3,
          kBegin};
}

const std::string kCampaignBody =
    R"({"artifact":")" + kOne + R"(","created":1795000000123456,"host":"n1","max_lost":3,"name":"loads","plan":")" +
    kTwo + R"(","queue":"run-1","retries":2,"runs":1000,"study":"{\"program\":\"./sim\"}","v":1})";

BlobRecord blob_record() {
  return {digest(kOne), 1'000'000'000'000, 5, "65f0", digest(kTwo), kBegin};
}

const std::string kBlobBody = R"({"created":1795000000123456,"file":"65f0","size":1000000000000,"stored":5,)"
                              R"("stored_sha256":")" +
                              kTwo + R"(","v":1})";

const std::string kUseBody = R"({"blob":")" + kOne + R"(","since":1795000000123456,"v":1})";

TEST(Records, AreWrittenAsTheFormatSays) {
  EXPECT_EQ(to_document(attempt_record()).id, kKey + "/01CAMPAIGN/2");
  EXPECT_EQ(to_document(attempt_record()).body, kAttemptBody);
  EXPECT_EQ(to_document(attempt_record()).data, "");
  EXPECT_EQ(to_document(run_record()).id, kKey);
  EXPECT_EQ(to_document(run_record()).body, kRunBody);
  EXPECT_EQ(to_document(run_record()).data, "zst");
  EXPECT_EQ(to_document(campaign_record()).id, "01CAMPAIGN");
  EXPECT_EQ(to_document(campaign_record()).body, kCampaignBody);
  EXPECT_EQ(to_document(blob_record()).id, kOne);
  EXPECT_EQ(to_document(blob_record()).body, kBlobBody);
  EXPECT_EQ(to_document(UseRecord{digest(kOne), kBegin}).body, kUseBody);
  EXPECT_NE(to_document(UseRecord{digest(kOne), kBegin}).id, to_document(UseRecord{digest(kOne), kBegin}).id);
  EXPECT_EQ(number_document("quota", -5).id, "quota");
  EXPECT_EQ(number_document("quota", -5).body, R"({"number":-5,"v":1})");
}

TEST(Records, AreReadAsTheyWereWritten) {
  const auto attempt = attempt_from({kKey + "/01CAMPAIGN/2", kAttemptBody, {}});
  ASSERT_EQ(error_of(attempt), "no error");
  EXPECT_EQ(to_document(*attempt).body, kAttemptBody);
  EXPECT_EQ(attempt->errors, std::string("\0\xff", 2));
  EXPECT_EQ(attempt->attempt.verdict.place.event, 1234);
  EXPECT_EQ(attempt->attempt.ended, kBegin + std::chrono::seconds(2));
  const auto run = run_from({kKey, kRunBody, "zst"});
  ASSERT_EQ(error_of(run), "no error");
  EXPECT_EQ(to_document(*run).body, kRunBody);
  EXPECT_EQ(run->packed, "zst");
  EXPECT_FALSE(run->in_blob());
  EXPECT_EQ(run->files.at(1).path, "../\xff");
  const auto campaign = campaign_from({"01CAMPAIGN", kCampaignBody, {}});
  ASSERT_EQ(error_of(campaign), "no error");
  EXPECT_EQ(to_document(*campaign).body, kCampaignBody);
  EXPECT_EQ(campaign->id, "01CAMPAIGN");
  const auto blob = blob_from({kOne, kBlobBody, {}});
  ASSERT_EQ(error_of(blob), "no error");
  EXPECT_EQ(to_document(*blob).body, kBlobBody);
  EXPECT_EQ(blob->digest.hex(), kOne);
  const auto use = use_from({"any", kUseBody, {}});
  ASSERT_EQ(error_of(use), "no error");
  EXPECT_EQ(use->digest.hex(), kOne);
  EXPECT_EQ(use->since, kBegin);
  EXPECT_EQ(number_from({"quota", R"({"number":-5,"v":1})", {}}).value_or(0), -5);
}

TEST(Records, KeepTheSizeOfWhatWasNotFetched) {
  const auto run = run_from({kKey, kRunBody, {}});
  ASSERT_EQ(error_of(run), "no error");
  EXPECT_EQ(run->packed_size, 3U);
  EXPECT_FALSE(run->in_blob());
  EXPECT_EQ(to_document(*run).body, kRunBody);
}

TEST(Records, OfResultsMayLieInABlobOrBeEmpty) {
  RunRecord record = run_record();
  record.packed.clear();
  record.packed_size = 0;
  const auto in_blob = run_from(to_document(record));
  ASSERT_EQ(error_of(in_blob), "no error");
  EXPECT_TRUE(in_blob->in_blob());
  record.archive = {};
  record.files.clear();
  const auto empty = run_from(to_document(record));
  ASSERT_EQ(error_of(empty), "no error");
  EXPECT_TRUE(empty->archive.empty());
  EXPECT_FALSE(empty->in_blob());
}

// Nothing that a machine or a program may say makes a record that cannot be written or read again.
TEST(Records, TakeAnyBytesAndNumbers) {
  AttemptRecord record = attempt_record();
  for (std::string* text : {&record.run, &record.worker, &record.output, &record.attempt.host,
                            &record.attempt.verdict.message, &record.attempt.verdict.place.module})
    *text = std::string("\xff\0\"\\\n\x1f {\"hex\":\"00\"}", 19);
  record.attempt.usage.wall_seconds = std::numeric_limits<double>::quiet_NaN();
  record.attempt.usage.user_seconds = std::numeric_limits<double>::infinity();
  record.attempt.usage.system_seconds = -0.0;
  const auto again = attempt_from(to_document(record));
  ASSERT_EQ(error_of(again), "no error");
  EXPECT_EQ(again->attempt.cpu, record.attempt.cpu);
  EXPECT_EQ(to_document(*again).body, to_document(record).body);
  EXPECT_EQ(again->attempt.host, record.attempt.host);
  EXPECT_EQ(again->attempt.usage.wall_seconds, 0);
  CampaignRecord campaign = campaign_record();
  for (std::string* text : {&campaign.name, &campaign.queue, &campaign.study, &campaign.host}) *text = "caf\xe9";
  const auto campaign_again = campaign_from(to_document(campaign));
  ASSERT_EQ(error_of(campaign_again), "no error");
  EXPECT_EQ(campaign_again->queue, "caf\xe9");
}

// Each field of a body in turn: not there, and of kinds and values that it cannot have. What reading says names it.
using Read = std::function<std::string(const std::string& body)>;
void expect_refused(const std::string& body, const std::string& what, const Read& read,
                    const std::vector<std::string>& optional = {}) {
  ASSERT_EQ(read(body), "no error");
  const json good = json::parse(body);
  for (const auto& [name, value] : good.items()) {
    json without = good;
    without.erase(name);
    const bool may_miss = std::find(optional.begin(), optional.end(), name) != optional.end();
    const std::string said_without = read(without.dump());
    EXPECT_EQ(said_without, may_miss ? "no error" : fmt::format("{}: it has no «{}»", what, name));
    std::vector<json> wrong{nullptr, true, json::object(), json{{"hex", "0"}}, json{{"hex", "zz"}}, json{{"hex", 1}}};
    if (!value.is_number()) wrong.insert(wrong.end(), {1, 1.5, -1});
    if (!value.is_string() && !value.is_object()) wrong.emplace_back("text");
    if (!value.is_array()) wrong.insert(wrong.end(), {json::array(), json::array({"x"})});
    if (value.is_array()) wrong.insert(wrong.end(), {json::array({1}), json::array({nullptr})});
    if (value.is_number_integer()) wrong.insert(wrong.end(), {1.5, 18'446'744'073'709'551'615ULL});
    if (value.is_string() && value.get_ref<const std::string&>().size() == 64)
      wrong.insert(wrong.end(), {"", kOne.substr(1), kOne + "1", "x" + kOne.substr(1)});
    for (const json& one : wrong) {
      json changed = good;
      changed[name] = one;
      const std::string said = read(changed.dump());
      EXPECT_EQ(said.find(fmt::format("{}: its «{}» is wrong: ", what, name)), 0U) << said << "\n" << changed.dump();
      EXPECT_EQ(said.find('\n'), std::string::npos);
    }
  }
  for (const char* other : {"", "[]", "1", "null", "{", "{\"v\":1", "\xff", "{\"v\":1}}"})
    EXPECT_EQ(read(other), what + ": no JSON object") << other;
  EXPECT_EQ(read(std::string(50, '[') + std::string(50, ']')), what + ": nested deeper than 32 levels");
  json other_version = good;
  other_version["v"] = 2;
  EXPECT_EQ(read(other_version.dump()), what + ": its «v» is wrong: version 2; this simswarm knows 1");
  other_version["v"] = 0;
  EXPECT_EQ(read(other_version.dump()), what + ": its «v» is wrong: version 0; this simswarm knows 1");
}

TEST(Records, OfAttemptsAreRefusedFieldByField) {
  const std::string id = kKey + "/01CAMPAIGN/2";
  expect_refused(kAttemptBody, "attempt " + id,
                 [&](const std::string& body) {
                   return error_of(attempt_from({id, body, {}}));
                 },
                 {"message", "simulated_time", "event", "module", "cpu", "output", "errors"});
}

TEST(Records, OfResultsAreRefusedFieldByField) {
  const Read read = [](const std::string& body) { return error_of(run_from({kKey, body, {}})); };
  expect_refused(kRunBody, "result " + kKey, read, {"archive"});
  for (const char* field : {"path", "size", "sha256"}) {
    json body = json::parse(kRunBody);
    body["files"][1].erase(field);
    EXPECT_EQ(read(body.dump()), fmt::format("result {}: it has no «{}»", kKey, field));
  }
  for (const char* path : {"", "/etc/passwd", "a\\u0000b"}) {
    json body = json::parse(kRunBody);
    body["files"][1]["path"] = json::parse("\"" + std::string(path) + "\"");
    EXPECT_EQ(read(body.dump()).find(fmt::format("result {}: its «path» is wrong: ", kKey)), 0U);
  }
}

TEST(Records, OfCampaignsAreRefusedFieldByField) {
  expect_refused(kCampaignBody, "campaign 01CAMPAIGN", [](const std::string& body) {
    return error_of(campaign_from({"01CAMPAIGN", body, {}}));
  });
}

TEST(Records, OfBlobsAreRefusedFieldByField) {
  expect_refused(kBlobBody, "blob " + kOne, [](const std::string& body) {
    return error_of(blob_from({kOne, body, {}}));
  });
  EXPECT_NE(error_of(blob_from({"no digest", kBlobBody, {}})), "no error");
}

TEST(Records, OfUsesAndNumbersAreRefusedFieldByField) {
  expect_refused(kUseBody, "use 01X", [](const std::string& body) { return error_of(use_from({"01X", body, {}})); });
  expect_refused(R"({"number":7,"v":1})", "quota", [](const std::string& body) {
    return error_of(number_from({"quota", body, {}}));
  });
}

// What was put where it does not belong is not taken for the result of another run.
TEST(Records, BelongToTheirIds) {
  EXPECT_EQ(error_of(run_from({kTwo, kRunBody, {}})), fmt::format("result {}: its «key» is wrong: {}", kTwo, kKey));
  EXPECT_EQ(error_of(run_from({kKey + "/" + kThree, kRunBody, {}})), "no error");
  EXPECT_EQ(error_of(attempt_from({kTwo + "/01CAMPAIGN/2", kAttemptBody, {}})),
            fmt::format("attempt {0}/01CAMPAIGN/2: its «key» is wrong: {1}/01CAMPAIGN/2", kTwo, kKey));
  EXPECT_EQ(error_of(attempt_from({kKey + "/01CAMPAIGN/2/abc", kAttemptBody, {}})), "no error");
}

TEST(Records, OfResultsHaveTheDataThatTheySay) {
  EXPECT_EQ(error_of(run_from({kKey, kRunBody, "zs"})),
            fmt::format("result {}: its «packed» is wrong: its data has 2 bytes", kKey));
}

TEST(Records, NameFilesInTheArchive) {
  EXPECT_EQ(path_in_archive("results/a.sca"), "results/a.sca");
  EXPECT_EQ(path_in_archive("../../x/./y//z"), "_up/_up/x/y/z");
  EXPECT_EQ(path_in_archive("a/../b"), "a/_up/b");
}

}  // namespace
}  // namespace simswarm::store
