#include "campaign/build_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simswarm::campaign {
namespace {

using testing::HasSubstr;

BuildRequest sample() {
  BuildRequest request;
  request.campaign = "01M8M879JC8MAXMHBQ8PEYCNCJ";
  request.name = "night run";
  request.host = "desk";
  request.project = "0123456789abcdef0123";
  request.tree = "sha1:4b825dc642cb6eb9a060e54bf8d69288fbee4904";
  request.top = "/home/ada/ws";
  request.roots = {"sim", "inet"};
  request.folder = "sim/run";
  request.steps = {{"make", "-j{jobs}"}, {"./finish", "a b"}};
  request.steps_folder = "sim";
  request.mode = "debug";
  request.image = "omnetpp:6.1";
  request.environment = {{"INET_ROOT", "{top}/inet"}};
  request.study = R"({"command":["./sim"]})";
  request.key_environment = {"MODEL"};
  request.inputs = {"data/**"};
  request.run_number_unused = true;
  request.queue = "run-01M8M879JC8MAXMHBQ8PEYCNCJ";
  request.retries = 2;
  request.max_lost = 3;
  request.priority = -4;
  request.known = digest_of("known");
  request.durations = digest_of("durations");
  return request;
}

std::string fault_of(const BuildRequest& request) {
  const auto parsed = parse_build_request(to_json(request));
  return parsed ? "" : parsed.error().message;
}

TEST(ABuildRequest, ComesAsItWent) {
  const auto parsed = parse_build_request(to_json(sample()));
  ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
  EXPECT_EQ(*parsed, sample());
  BuildRequest bare = sample();
  bare.known = bare.durations = Digest();
  EXPECT_EQ(parse_build_request(to_json(bare)).value(), bare);
}

TEST(ABuildRequest, IsRefusedWithTheReason) {
  BuildRequest request = sample();
  request.folder = "../elsewhere";
  EXPECT_EQ(fault_of(request), "a build: the folder «../elsewhere» does not lie in its tree");
  request = sample();
  request.roots = {"/etc"};
  EXPECT_EQ(fault_of(request), "a build: the folder «/etc» does not lie in its tree");
  request = sample();
  request.mode = "fast";
  EXPECT_EQ(fault_of(request), "a build: mode «fast»: expected release or debug");
  request = sample();
  request.environment = {{"A=B", ""}};
  EXPECT_EQ(fault_of(request), "a build: «A=B» names no environment variable");
  request = sample();
  request.campaign = "../x";
  EXPECT_THAT(fault_of(request), HasSubstr("id"));
  for (const std::string& project : {std::string("../x"), std::string("/etc"), std::string("a/b"), std::string(".."),
                                     std::string(), std::string(65, 'a')}) {
    request = sample();
    request.project = project;
    EXPECT_THAT(fault_of(request), HasSubstr("is no name of letters and digits")) << project;
  }
  EXPECT_EQ(parse_build_request("[1]").error().message, "a build: what is asked for is no JSON object");
  EXPECT_EQ(parse_build_request(R"({"protocol":2})").error().message, "a build: protocol 2; this builder speaks 1");
  EXPECT_THAT(parse_build_request(R"({"protocol":1})").error().message, HasSubstr("a field is missing"));
  EXPECT_FALSE(parse_build_request(std::string(100'000, '[')).has_value());
}

TEST(ABuildJob, ComesAsItWent) {
  const auto job = parse_build_payload(payload_of(BuildJob{"01A", digest_of("x")}));
  ASSERT_TRUE(job.has_value()) << job.error().message;
  EXPECT_EQ(job->campaign, "01A");
  EXPECT_EQ(job->request, digest_of("x"));
  EXPECT_EQ(parse_build_payload(R"(["os.system",null,["x"],{}])").error().message,
            "a builder executes simswarm.build alone");
  EXPECT_FALSE(parse_build_payload(R"(["simswarm.build",null,["01A"],{}])").has_value());
  EXPECT_FALSE(parse_build_payload(R"(["simswarm.build",null,["01A","no digest"],{}])").has_value());
}

TEST(ABuildQueue, IsNamedByTheImage) {
  EXPECT_EQ(build_queue(""), "build");
  EXPECT_EQ(build_queue("omnetpp:6.1/x"), "build-omnetpp_6.1_x");
  EXPECT_EQ(run_queue("01A", ""), "run-01A");
  EXPECT_EQ(run_queue("01A", "omnetpp:6.1"), "image-omnetpp_6.1.run-01A");
}

TEST(ABuildAnswer, ComesAsItWent) {
  BuildAnswer answer;
  answer.code = 4;
  answer.message = "a.cc:1: error: «x»";
  answer.compiled = 7;
  answer.runs = 3;
  const auto parsed = parse_build_answer(to_json(answer));
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->code, 4);
  EXPECT_EQ(parsed->message, answer.message);
  EXPECT_EQ(parsed->compiled, 7U);
  EXPECT_EQ(parsed->runs, 3U);
  EXPECT_FALSE(parse_build_answer("null").has_value());
  EXPECT_FALSE(parse_build_answer(R"({"code":"x"})").has_value());
}

TEST(ABuildView, FitsIntoWhatAQueueIsTold) {
  BuildView view;
  view.phase = "building";
  view.compiled = view.hits = view.remote = view.expected = 18'446'744'073'709'551'615U;
  view.seconds = 1e9;
  EXPECT_LT(to_json(view).size(), 1024U);
  EXPECT_EQ(parse_build_view(to_json(view)).value(), view);
  EXPECT_FALSE(parse_build_view("").has_value());
}

TEST(Durations, AreReadAsFarAsTheyCanBe) {
  const auto read = parse_durations(durations_text({{{"C", 0, {{"n", "1"}}, 0, ""}, 2.5}}));
  ASSERT_EQ(read.size(), 1U);
  EXPECT_EQ(read[0].run.config, "C");
  EXPECT_EQ(read[0].run.variables.front().value, "1");
  EXPECT_EQ(read[0].seconds, 2.5);
  EXPECT_EQ(parse_durations(R"([["C",[],1],["D"],7])").size(), 1U);
  EXPECT_TRUE(parse_durations("{").empty());
}

}  // namespace
}  // namespace simswarm::campaign
