// How jobs say what is to be done.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "worker/assignment.h"

namespace simswarm::worker {
namespace {

using testing::HasSubstr;

std::string error_of(const std::string& payload) {
  const auto parsed = parse_payload(payload);
  return parsed ? "(none)" : parsed.error().message;
}
std::string study_error(const std::string& json) {
  const auto parsed = parse_study(json);
  return parsed ? "(none)" : parsed.error().message;
}

TEST(Payload, OfACampaignStaysSmall) {
  const std::string payload = payload_of("01M82V5238P3QEFSYQNSD46WQH", 1'234'567);
  EXPECT_LE(payload.size(), 64U) << "above that Redis stores the hash twice as large";
  const auto parsed = parse_payload(payload);
  ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
  EXPECT_EQ(parsed->campaign, "01M82V5238P3QEFSYQNSD46WQH");
  EXPECT_EQ(parsed->position, 1'234'567U);
  EXPECT_FALSE(parsed->is_nothing);
}

TEST(Payload, MaySayAllItself) {
  StudySpec spec;
  spec.folder = "/p";
  SweepSpec sweep;
  sweep.command = {"./prog", "--n={n}", "ü \"'\n"};
  sweep.grid = {{"n", {"1", "2"}}};
  spec.kind = sweep;
  spec.limits.timeout = 1.5;
  const auto parsed = parse_payload(payload_of(spec, 1));
  ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
  EXPECT_EQ(parsed->position, 1U);
  EXPECT_EQ(parsed->study, to_json(spec));
}

TEST(Payload, IsRefusedWhereItIsNotOurs) {
  EXPECT_THAT(error_of(R"(["os.system",null,["rm"],{}])"), HasSubstr("it asks for «os.system»: workers of simswarm"));
  EXPECT_THAT(error_of("nonsense"), HasSubstr("is no call"));
  EXPECT_THAT(error_of("[]"), HasSubstr("is no call"));
  EXPECT_THAT(error_of(R"(["simswarm.run",null,["c"],{}])"), HasSubstr("takes a campaign and a position"));
  EXPECT_THAT(error_of(R"(["simswarm.run",null,["c",-1],{}])"), HasSubstr("takes a campaign and a position"));
  EXPECT_THAT(error_of(R"(["simswarm.run",null,{},[]])"), HasSubstr("no list"));
  EXPECT_THAT(error_of(R"(["simswarm.run",null,[],{"run":"x"}])"), HasSubstr("«run»"));
  EXPECT_THAT(error_of(R"(["simswarm.run",null,["../x y",1],{}])"), HasSubstr("may only have letters"));
  EXPECT_THAT(error_of(R"(["simswarm.run",null,[],{"x":)" + std::string(100'000, '[') + "]"), HasSubstr("is no call"));
  EXPECT_TRUE(parse_payload(R"(["simswarm.nothing",null,[],{}])")->is_nothing);
  EXPECT_TRUE(parse_payload(R"(["simswarm.nothing"])")->is_nothing);
}

TEST(StudyAsJson, ComesBackAsItWas) {
  StudySpec spec;
  spec.folder = "/p/q";
  SweepSpec sweep;
  sweep.name = "s";
  sweep.command = {"x"};
  sweep.grid = {{"a", {"1", "2"}}};
  sweep.zipped = {{{"b", {"1", "2"}}, {"c", {"3", "4"}}}};
  sweep.points = {{{"a", "9"}, {"b", "8"}, {"c", "7"}}};
  sweep.constraints = {"a < 3"};
  sweep.repetitions = 2;
  sweep.seeds = {"5", "6"};
  sweep.results = "r/{point}";
  sweep.stdout_file = "out";
  sweep.success_codes = {0, 3};
  sweep.required_files = {"f"};
  sweep.success_pattern = "ok";
  sweep.progress_pattern = "(\\d+)%";
  spec.kind = sweep;
  spec.limits.memory = 5;
  spec.limits.output = 6;
  spec.stall = 7;
  spec.batch_size = 3;
  const auto back = parse_study(to_json(spec));
  ASSERT_TRUE(back.has_value()) << back.error().message;
  EXPECT_EQ(to_json(*back), to_json(spec));
  EXPECT_EQ(std::get<SweepSpec>(back->kind).zipped.at(0).at(1).values.at(1), "4");
  CmdenvRequest request;
  request.words = {"./sim", "-c", "A"};
  request.all_configs = true;
  request.shared_files = SharedFiles::kSerial;
  request.distinct_names = true;
  spec.kind = request;
  const auto cmdenv = parse_study(to_json(spec));
  ASSERT_TRUE(cmdenv.has_value()) << cmdenv.error().message;
  EXPECT_EQ(to_json(*cmdenv), to_json(spec));
  EXPECT_EQ(std::get<CmdenvRequest>(cmdenv->kind).working_folder, "/p/q");
}

TEST(StudyAsJson, SaysWhichFieldIsWrong) {
  EXPECT_THAT(study_error("[]"), HasSubstr("no JSON object"));
  EXPECT_THAT(study_error(R"({"folder":"/p"})"), HasSubstr("no command"));
  EXPECT_THAT(study_error(R"({"folder":"p","command":["x"]})"), HasSubstr("«p» is no absolute path"));
  EXPECT_THAT(study_error(R"({"folder":"/p","command":"x"})"), HasSubstr("the field «command» cannot be \"x\""));
  EXPECT_THAT(study_error(R"({"folder":"/p","command":["x"],"grid":[["a"]]})"), HasSubstr("the field «grid»"));
  EXPECT_THAT(study_error(R"({"folder":"/p","command":["x"],"colour":1})"), HasSubstr("no field «colour»"));
  EXPECT_THAT(study_error(R"({"folder":"/p","command":["x"],"protocol":2})"), HasSubstr("protocol 2"));
  EXPECT_THAT(study_error(R"({"folder":"/p","command":["x"],"dialect":"y"})"), HasSubstr("dialect «y»"));
  EXPECT_THAT(study_error(R"({"folder":"/p","command":["x"],"timeout":"long"})"), HasSubstr("the field «timeout»"));
}

}  // namespace
}  // namespace simswarm::worker
