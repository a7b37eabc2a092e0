#include "cli/screen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "result/width.h"

namespace simswarm::cli {
namespace {

using campaign::Decision;
using campaign::Plan;
using campaign::Planned;
using campaign::Summary;
using campaign::Tally;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

Plan plan_of(const std::vector<Decision>& decisions) {
  Plan plan;
  for (std::size_t i = 0; i < decisions.size(); ++i) {
    Planned run;
    run.run.config = "Study";
    run.run.number = static_cast<std::int64_t>(i);
    run.run.variables = {{"load", fmt::format("0.{}", i)}};
    run.decision = decisions[i];
    run.reason = "because";
    plan.runs.push_back(run);
  }
  return plan;
}

Summary summary_of(const std::vector<Outcome>& outcomes) {
  Summary summary;
  summary.campaign = "01ID";
  summary.total = outcomes.size();
  for (const Outcome outcome : outcomes) {
    campaign::Final final;
    final.outcome = outcome;
    if (!is_complete(outcome)) final.message = "it broke";
    summary.complete += is_complete(outcome) ? 1 : 0;
    summary.finals.push_back(final);
  }
  summary.failed = summary.total - summary.complete;
  summary.state = summary.failed == 0 ? "completed" : "incomplete";
  return summary;
}

std::string text_of(const std::vector<Outcome>& outcomes, const ScreenOptions& options = {}) {
  return summary_text(plan_of(std::vector<Decision>(outcomes.size(), Decision::kRun)), summary_of(outcomes), options);
}

TEST(Screen, ASummaryOfCompleteRunsSaysNoMore) {
  const std::string text = text_of({Outcome::kCompleted, Outcome::kCompleted});
  EXPECT_THAT(text, HasSubstr("2 of 2 runs complete"));
  EXPECT_THAT(text, Not(HasSubstr("call the same again")));
  EXPECT_THAT(text, Not(HasSubstr("Not complete")));
}

TEST(Screen, WhatHelpsAgainstErrorsThatComeAgain) {
  const std::string errors = text_of({Outcome::kCompleted, Outcome::kModelError});
  EXPECT_THAT(errors, HasSubstr("--retry-failed tries them"));
  EXPECT_THAT(errors, Not(HasSubstr("To go on")));
  EXPECT_THAT(text_of({Outcome::kKilled}),
              HasSubstr("To go on, call the same again: what is complete is not run again.\n"));
  EXPECT_THAT(text_of({Outcome::kKilled, Outcome::kModelError}), HasSubstr("nor are errors that would come again"));
}

TEST(Screen, MessagesCallSimswarmForTheSameFolder) {
  ScreenOptions options;
  options.command = "simswarm -C there";
  options.state = " --state s";
  EXPECT_THAT(text_of({Outcome::kCrashed}, options), HasSubstr("See why: simswarm -C there log --state s 'Study#0'"));
}

TEST(Screen, ADryRunEndsWithASummaryEvent) {
  const std::string text =
      plan_json(plan_of({Decision::kRun, Decision::kKnown, Decision::kKnownError, Decision::kRun}));
  const auto events = lines(text);
  ASSERT_THAT(events, SizeIs(5));
  EXPECT_EQ(json::parse(events[1]).at("decision"), "known");
  const json summary = json::parse(events[4]);
  EXPECT_EQ(summary.at("event"), "summary");
  EXPECT_EQ(summary.at("state"), "planned");
  EXPECT_EQ(summary.at("total"), 4);
  EXPECT_EQ(summary.at("known"), 1);
  EXPECT_EQ(summary.at("failed"), 1);
  EXPECT_EQ(summary.at("not_run"), 2);
}

TEST(Screen, AnErrorIsAnEvent) {
  const json event = json::parse(error_json({ExitCode::kEnvironment, "no «x»\n\xff", false}));
  EXPECT_EQ(event.at("event"), "error");
  EXPECT_EQ(event.at("exit_code"), 3);
  EXPECT_THAT(event.at("message").get<std::string>(), HasSubstr("no «x»\n"));
}

worker::RunningView running(std::size_t run, double fraction) {
  worker::RunningView view;
  view.run = run;
  view.wall_seconds = 12.3;
  view.progress.fraction = fraction;
  view.progress.speed = 1234.5;
  view.progress.memory = std::uint64_t{512} << 20U;
  return view;
}

Tally tally_of() {
  Tally tally{20, 7, 2, 1, 2, 10, 75.0};
  return tally;
}

TEST(LiveScreen, ShowsCountsTimeLeftAndEachRunningRun) {
  const auto lines = live_lines({running(0, 0.999), running(1, 0.4)}, plan_of({Decision::kRun, Decision::kRun}),
                                tally_of(), {100, 30});
  ASSERT_THAT(lines, SizeIs(3));
  EXPECT_THAT(lines[0], HasSubstr(" 40%  7 done, 2 running, 1 failed, 10 waiting, about "));
  EXPECT_THAT(lines[0], HasSubstr(" left"));
  EXPECT_THAT(lines[1], HasSubstr("Study#0 (load=0.0, #0)"));
  EXPECT_THAT(lines[1], HasSubstr(" 99% "));  // not whole before it has ended
  EXPECT_THAT(lines[2], HasSubstr("████······  40%     12.3 s"));
  EXPECT_THAT(lines[2], HasSubstr("simsec/s"));
  EXPECT_THAT(lines[2], HasSubstr("MiB"));
}

TEST(LiveScreen, NoLineIsWiderThanTheTerminal) {
  Plan plan = plan_of({Decision::kRun});
  Planned wide;
  wide.run.config = "Study";
  wide.run.variables = {{"a_long_name_of_a_variable", std::string(200, 'x')}, {"wide", "日本語日本語日本語"}};
  plan.runs.push_back(wide);
  for (std::size_t columns = 1; columns < 200; ++columns) {
    for (const std::string& line : live_lines({running(0, 0.5), running(1, 0.5)}, plan, tally_of(), {columns, 30}))
      EXPECT_LE(result::display_width(line), std::max<std::size_t>(1, columns - 1)) << columns << ": " << line;
  }
}

TEST(Screen, SaysLessThanASecondWithoutANumber) {
  EXPECT_EQ(time_left(0), "less than 1 s left");
  EXPECT_EQ(time_left(0.99), "less than 1 s left");
  EXPECT_EQ(time_left(25), "about 25.0 s left");
}

TEST(LiveScreen, ANarrowTerminalKeepsTheTimeLeft) {
  const auto lines = live_lines({}, plan_of({}), tally_of(), {70, 15});
  EXPECT_THAT(lines[0], HasSubstr("left"));
}

TEST(LiveScreen, MoreRunsThanLinesAreCounted) {
  const std::vector<worker::RunningView> views(30, running(0, 0.5));
  EXPECT_THAT(live_lines(views, plan_of({Decision::kRun}), tally_of(), {80, 50}), SizeIs(14));
  const auto few = live_lines(views, plan_of({Decision::kRun}), tally_of(), {80, 10});
  EXPECT_THAT(few, SizeIs(8));
  EXPECT_THAT(few.back(), HasSubstr("24 more running"));
}

}  // namespace
}  // namespace simswarm::cli
