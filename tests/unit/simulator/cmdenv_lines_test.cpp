#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulator/cmdenv_lines.h"

namespace simswarm::cmdenv {
namespace {

StopLine stop(std::string_view line) {
  const auto read = read_stop_line(line);
  EXPECT_TRUE(read.has_value()) << line;
  return read.value_or(StopLine{});
}

TEST(StopLines, TellTextTimeAndEvent) {
  const StopLine line = stop("<!> Simulation time limit reached -- at t=100s, event #101");
  EXPECT_EQ(line.text, "Simulation time limit reached");
  EXPECT_EQ(line.place.simulated_time, "100");
  EXPECT_EQ(line.place.event, 101);
  EXPECT_EQ(line.place.module, "");
  EXPECT_TRUE(line.has_place);
  EXPECT_FALSE(line.is_error);
}

TEST(StopLines, TellTheModule) {
  const StopLine line =
      stop("<!> Simulation stopped with endSimulation() -- in module (Node) Net.sink (id=2), at t=0.0025s, event #50");
  EXPECT_EQ(line.place.module, "(Node) Net.sink (id=2)");
  EXPECT_EQ(line.place.simulated_time, "0.0025");
  EXPECT_FALSE(line.is_error);
}

TEST(StopLines, ThatAreErrorsSaySo) {
  const StopLine line =
      stop("<!> Error: Queue overflow: 17 packets -- in module (Node) Net.sink (id=2), at t=50s, event #50");
  EXPECT_TRUE(line.is_error);
  EXPECT_EQ(line.text, "Queue overflow: 17 packets");
  EXPECT_EQ(line.place.event, 50);
  EXPECT_TRUE(stop("<!> Error in the thing -- in module (Node) Net.sink (id=2), at t=50s, event #50").is_error)
      << "a text that begins with «Error» gets no second one";
  EXPECT_EQ(stop("<!> Error: No such config: Nope").text, "No such config: Nope");
  EXPECT_FALSE(stop("<!> Error: No such config: Nope").has_place);
}

TEST(StopLines, TellThePhase) {
  const StopLine line = stop("<!> Error: Bad start -- in module (Node) Net.sink (id=2), during network initialization");
  EXPECT_EQ(line.phase, "network initialization");
  EXPECT_EQ(line.place.module, "(Node) Net.sink (id=2)");
  EXPECT_EQ(line.place.simulated_time, "");
  EXPECT_EQ(line.place.event, std::nullopt);
  EXPECT_EQ(stop("<!> Error: x -- during network setup").phase, "network setup");
}

TEST(StopLines, KeepDashesThatBelongToTheText) {
  EXPECT_EQ(stop("<!> Error: a -- b -- at t=1s, event #2").text, "a -- b");
  EXPECT_EQ(stop("<!> watch out -- there it goes").text, "watch out -- there it goes");
  EXPECT_FALSE(stop("<!> watch out -- there it goes").has_place);
  EXPECT_EQ(stop("<!> Error -- see results/Unnamed-2-#0.out for details").text,
            "Error -- see results/Unnamed-2-#0.out for details");
}

TEST(StopLines, OfAlertsAreNoErrors) {
  EXPECT_FALSE(stop("<!> watch out").is_error);
  EXPECT_FALSE(stop("<!> watch out").has_place);
  EXPECT_FALSE(stop("<!> Errors so far: 3").is_error) << "without a place it is a word of the model";
}

TEST(StopLines, HaveTheirPlaceInExactForms) {
  for (const char* line : {"<!> lost -- at the gate", "<!> lost -- at t=5", "<!> lost -- at t=5s, event #x",
                           "<!> lost -- in module of mine", "<!> lost -- during network party"}) {
    EXPECT_FALSE(stop(line).has_place) << line;
  }
  EXPECT_EQ(stop("<!> x -- in module (A) Net.a[3].b (id=7), at t=1e-05s, event #2").place.module,
            "(A) Net.a[3].b (id=7)");
}

TEST(StopLines, BeginALine) {
  EXPECT_FALSE(read_stop_line("").has_value());
  EXPECT_FALSE(read_stop_line(" <!> x").has_value());
  EXPECT_FALSE(read_stop_line("** Event #0   t=0").has_value());
}

TEST(OutputOfARun, BeginsWithItsLine) {
  EXPECT_EQ(run_that_begins("Study run 3: $load=1, $repetition=0", "Study"), 3);
  EXPECT_EQ(run_that_begins("Preparing for running configuration Study, run #7...", "Study"), 7)
      << "where the program is not quiet";
  for (const char* line : {"", "Study run x: y", "Other run 3: z", "no Study run 3: z"}) {
    EXPECT_EQ(run_that_begins(line, "Study"), std::nullopt) << line;
  }
}

TEST(CmdenvProgress, IsReadFromTheLastStatus) {
  const auto progress = read_progress(
      "** Event #0   t=0   Elapsed: 1.3e-05s (0m 00s)  0% completed  (0% total)\n"
      "     Speed:     ev/sec=0   simsec/sec=0   ev/simsec=0\n"
      "** Event #1024   t=12.5   Elapsed: 2.1s (0m 02s)  25% completed  (6% total)\n"
      "     Speed:     ev/sec=1000.5   simsec/sec=3.25   ev/simsec=80\n"
      "     Messages:  created: 1   present: 1   in FES: 2\n");
  ASSERT_TRUE(progress.has_value());
  EXPECT_EQ(progress->event, 1024);
  EXPECT_EQ(progress->simulated_time, 12.5);
  EXPECT_EQ(progress->fraction, 0.25) << "of the run, not of the batch";
  EXPECT_EQ(progress->speed, 3.25);
}

TEST(CmdenvProgress, IsReadWithoutExpressModeToo) {
  const auto progress = read_progress("** Event #1  t=1  1% completed  (1% total)   Net.sink (Node, id=2)\n");
  ASSERT_TRUE(progress.has_value());
  EXPECT_EQ(progress->event, 1);
  EXPECT_EQ(progress->simulated_time, 1);
  EXPECT_EQ(progress->fraction, 0.01);
  EXPECT_EQ(progress->speed, std::nullopt);
}

TEST(CmdenvProgress, HasNoFractionWithoutALimit) {
  const auto progress =
      read_progress("** Event #256   t=3   Elapsed: 1s (0m 01s)\n     Speed:     ev/sec=1   simsec/sec=2   x\n");
  ASSERT_TRUE(progress.has_value());
  EXPECT_EQ(progress->fraction, std::nullopt);
  EXPECT_EQ(progress->speed, 2);
}

TEST(CmdenvProgress, IsNoneWhereNothingIsSaid) {
  EXPECT_FALSE(read_progress("").has_value());
  EXPECT_FALSE(read_progress("Initializing...\n").has_value());
}

TEST(CmdenvProgress, IsNoneWhereNumbersCannotBe) {
  const auto progress = read_progress(
      "** Event #-3   t=-inf   Elapsed: 1s  250% completed  (-7% total)\n     Speed:     ev/sec=1   simsec/sec=-nan   "
      "x\n");
  ASSERT_TRUE(progress.has_value());
  EXPECT_EQ(progress->event, std::nullopt);
  EXPECT_EQ(progress->simulated_time, std::nullopt);
  EXPECT_EQ(progress->fraction, std::nullopt);
  EXPECT_EQ(progress->speed, std::nullopt);
  EXPECT_FALSE(stop("<!> Stopped -- at t=nans, event #5").has_place);
  EXPECT_FALSE(stop("<!> Stopped -- at t=1s, event #-5").has_place) << "would count as 2^64 - 5 events";
}

}  // namespace
}  // namespace simswarm::cmdenv
