// Both ways with RQ in the versions that are served: its Python side, `rq worker`, `rq info`, `rq requeue` are real
// processes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rq_support.h"

namespace simswarm::jobs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class RqInterop : public testing::TestWithParam<RqVersion> {
 protected:
  RqInterop() : queue_(good(open_job_queue(server_.url()))) {}
  void SetUp() override { ASSERT_EQ(rq_.why_not(), ""); }

  std::string python(const std::string& script) { return rq_.python(script); }
  std::string rq(const std::vector<std::string>& words) { return rq_.command(words); }
  std::string work_burst() { return rq_.work_burst("run-1"); }

  void enqueue(NewJob made, const std::string& payload) {
    made.payload = payload;
    EXPECT_THAT(good(queue_->enqueue({made})), ElementsAre(true));
  }
  std::vector<ClaimedJob> claim(std::size_t most) {
    return good(queue_->claim({{"ours"}, "node1", {{"run-1"}}, most})).jobs;
  }
  Claim claim_one() {
    const auto claimed = claim(1);
    EXPECT_EQ(claimed.size(), 1U);
    return claimed.empty() ? Claim{} : claimed.front().claim;
  }
  JobDetails details(const std::string& id) { return good(queue_->find({id})).value_or(JobDetails{}); }

  RedisServer& server_ = SharedRedis::fresh();
  Rq rq_{GetParam(), server_};
  TestFolder folder_;
  std::unique_ptr<JobQueue> queue_;
};

constexpr const char* kAdd = R"(["functions.add",null,[2,3],{}])";
constexpr const char* kBoom = R"(["functions.boom",null,[],{}])";

TEST_P(RqInterop, ExecutesWhatPythonEnqueued) {
  python(R"py(
q.enqueue('functions.add', 2, 3, job_id='a', job_timeout=77, description='the sum')
q.enqueue('functions.add', 2, b=3, job_id='first', at_front=True)
)py");
  EXPECT_EQ(details("a").job.description, "the sum");
  const auto claimed = claim(2);
  ASSERT_EQ(claimed.size(), 2U);
  EXPECT_EQ(claimed[0].claim.job.text, "first");
  EXPECT_EQ(claimed[0].payload, R"(["functions.add", null, [2], {"b": 3}])");
  EXPECT_EQ(claimed[1].timeout.count(), 77);
  EXPECT_EQ(python("j = fetch('a'); print(status(j), j.worker_name, j.started_at is not None,"
                   "StartedJobRegistry(queue=q).get_job_ids() == ['a', 'first'])"),
            "started ours True True");
  EXPECT_EQ(good(queue_->complete(claimed[1].claim, R"({"sum": 5})")), Answer::kDone);
  EXPECT_EQ(good(queue_->fail(claimed[0].claim, "zu böse", AfterFailure::kNoRetry)), Answer::kDone);
  EXPECT_EQ(python("j = fetch('a'); print(status(j), j.return_value(), j.ended_at >= j.started_at)"),
            "finished {'sum': 5} True");
  EXPECT_EQ(python("j = fetch('first'); print(status(j), j.exc_info, j.latest_result().type.name)"),
            "failed zu böse FAILED");
  EXPECT_EQ(python("print(FinishedJobRegistry(queue=q).get_job_ids(), FailedJobRegistry(queue=q).get_job_ids(),"
                   "StartedJobRegistry(queue=q).get_job_ids())"),
            "['a'] ['first'] []");
}

TEST_P(RqInterop, HasItsJobsExecutedByAWorkerOfRq) {
  enqueue(job("a"), kAdd);
  enqueue(job("bad"), kBoom);
  NewJob child = job("child");
  child.depends_on = {{"a"}};
  enqueue(child, kAdd);
  NewJob urgent = job("urgent");
  urgent.at_front = true;
  enqueue(urgent, kAdd);
  work_burst();
  EXPECT_EQ(details("a").job.state, State::kFinished);
  EXPECT_EQ(details("a").result, "5");
  EXPECT_EQ(details("child").result, "5");
  EXPECT_EQ(details("bad").job.state, State::kFailed);
  EXPECT_THAT(details("bad").message, HasSubstr("ValueError: böse"));
  EXPECT_LT(details("urgent").job.started_at, details("a").job.started_at);
  EXPECT_EQ(good(queue_->counts({"run-1"})), (Counts{0, 0, 0, 0, 3, 1, 0}));
}

TEST_P(RqInterop, IsSeenByRqInfo) {
  enqueue(job("a"), kAdd);
  enqueue(job("b"), kAdd);
  (void)claim_one();
  const std::string info = rq({"info", "--raw"});
  EXPECT_THAT(info, HasSubstr("queue run-1 1"));
  EXPECT_THAT(rq({"info"}), HasSubstr("1 queues, 1 jobs total"));
}

TEST_P(RqInterop, WaitsForEachOthersJobs) {
  python("q.enqueue('functions.add', 1, 1, job_id='py')");
  NewJob ours = job("ours");
  ours.depends_on = {{"py"}};
  enqueue(ours, kAdd);
  python("q.enqueue('functions.add', 1, 1, job_id='py2', depends_on='ours')");
  EXPECT_EQ(python("print(sorted(DeferredJobRegistry(queue=q).get_job_ids()))"), "['ours', 'py2']");
  EXPECT_EQ(good(queue_->complete(claim_one(), "2")), Answer::kDone);  // py
  const Claim claim = claim_one();
  EXPECT_EQ(claim.job.text, "ours");
  EXPECT_EQ(good(queue_->complete(claim, "2")), Answer::kDone);
  work_burst();
  EXPECT_EQ(details("py2").job.state, State::kFinished);
  EXPECT_EQ(good(queue_->counts({"run-1"})).deferred, 0U);
}

TEST_P(RqInterop, RetriesAsPythonAsks) {
  python("q.enqueue('functions.add', 1, 1, job_id='a', retry=Retry(max=2, interval=[3600, 0]))");
  EXPECT_EQ(good(queue_->fail(claim_one(), "once", AfterFailure::kMayRetry)), Answer::kDone);
  EXPECT_EQ(details("a").job.state, State::kScheduled);
  EXPECT_EQ(python(R"py(
j = fetch('a'); r = ScheduledJobRegistry(queue=q)
left = r.get_scheduled_time(j).timestamp() - __import__('time').time()
print(status(j), j.retries_left, 3500 < left <= 3601)
)py"),
            "scheduled 1 True");
}

TEST_P(RqInterop, LeavesDueJobsToWhoeverSchedules) {
  NewJob later = job("later");
  later.delay = std::chrono::seconds(1);
  enqueue(later, kAdd);
  python("q.enqueue_in(timedelta(seconds=0), 'functions.add', 1, 1, job_id='py')");
  const auto both_due = [&] {
    return good(queue_->list({"run-1"}, Place::kScheduled, 0, 9)).total == 2U &&
           details("later").job.state == State::kScheduled &&
           server_.command({"ZCOUNT", "rq:scheduled:run-1", "-inf", server_.command({"TIME"}).list.at(0).text})
                   .integer == 2;
  };
  ASSERT_TRUE(wait_until(both_due));
  python(R"py(
from rq.scheduler import RQScheduler
s = RQScheduler([q], connection=c)
s.acquire_locks()
)py");
  EXPECT_EQ(server_.command({"EXISTS", "rq:scheduler-lock:run-1"}).integer, 1);
  EXPECT_EQ(good(queue_->drain_due({"run-1"}, 9)), 0U);
  server_.command({"DEL", "rq:scheduler-lock:run-1"});
  EXPECT_EQ(good(queue_->drain_due({"run-1"}, 9)), 2U);
  work_burst();
  EXPECT_EQ(details("later").job.state, State::kFinished);
  EXPECT_EQ(details("py").job.state, State::kFinished);
}

TEST_P(RqInterop, LosesNoJobToRqsMaintenance) {
  enqueue(job("a"), kAdd);
  const Claim claim = claim_one();
  for (int again = 0; again < 2; ++again) {
    python(
        "clean_registries(q); StartedJobRegistry(queue=q).cleanup(); w = Worker([q], connection=c, "
        "serializer=JSONSerializer);"
        "w.clean_registries()");
    (void)rq({"info"});
    work_burst();
    EXPECT_EQ(good(queue_->heartbeat({claim})).at(0), Beat::kHeld);
  }
  EXPECT_EQ(good(queue_->complete(claim, "1")), Answer::kDone);
  (void)rq({"info"});
  EXPECT_EQ(details("a").job.state, State::kFinished);
}

TEST_P(RqInterop, GoesOnWhereMaintenanceWasForcedOnAJob) {
  NewJob made = job("a");
  made.retries = 1;
  enqueue(made, kAdd);
  const Claim late = claim_one();
  server_.command({"ZADD", "rq:wip:run-1", "1", "a"});
  (void)rq({"info"});
  EXPECT_EQ(details("a").job.state, State::kQueued) << "RQ has put it back";
  EXPECT_EQ(good(queue_->complete(late, "1")), Answer::kRefused);
  const Claim now = claim_one();
  EXPECT_EQ(now.attempt, 2);
  EXPECT_EQ(good(queue_->complete(late, "1")), Answer::kRefused);
  EXPECT_EQ(good(queue_->complete(now, "1")), Answer::kDone);
  EXPECT_EQ(good(queue_->counts({"run-1"})), (Counts{0, 0, 0, 0, 1, 0, 0})) << "once, and nowhere else";
}

TEST_P(RqInterop, IsManagedByRqsCommands) {
  enqueue(job("a"), kAdd);
  rq({"suspend"});
  EXPECT_TRUE(good(queue_->claim({{"ours"}, "node1", {{"run-1"}}, 1})).suspended);
  rq({"resume"});
  const Claim held = claim_one();
  ASSERT_TRUE(queue_->suspend().has_value());
  EXPECT_EQ(python("from rq.suspension import is_suspended; print(bool(is_suspended(c)))"), "True");
  ASSERT_TRUE(queue_->resume().has_value());
  EXPECT_EQ(good(queue_->fail(held, "it broke", AfterFailure::kNoRetry)), Answer::kDone);
  rq({"requeue", "-S", "rq.serializers.JSONSerializer", "--queue", "run-1", "a"});
  EXPECT_EQ(details("a").job.state, State::kQueued);
  EXPECT_EQ(claim_one().attempt, 2);
  python("fetch('a').cancel()");
  EXPECT_EQ(details("a").job.state, State::kCancelled);
  EXPECT_EQ(good(queue_->heartbeat({{{"a"}, 2}})).at(0), Beat::kLost);
  EXPECT_EQ(good(queue_->requeue({"a"})), Answer::kDone);
  python("fetch('a').delete()");
  EXPECT_THAT(claim(9), IsEmpty());
  enqueue(job("b"), kAdd);
  rq({"empty", "run-1"});
  EXPECT_THAT(claim(9), IsEmpty());
}

// A worker of RQ that runs beside the test, until it has nothing more to do.
class Burst {
 public:
  explicit Burst(const Rq& rq) {
    std::vector<std::string> words = rq.worker_words("run-1");
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::setenv("PYTHONPATH", rq.functions().c_str(), 1);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  Burst(const Burst&) = delete;
  Burst& operator=(const Burst&) = delete;
  ~Burst() {
    const auto ended = [&] { return ::waitpid(pid_, nullptr, WNOHANG) == pid_; };
    if (wait_until(ended)) return;
    ADD_FAILURE() << "the worker does not end";
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

 private:
  pid_t pid_ = -1;
};

TEST_P(RqInterop, CancelsAJobThatAWorkerOfRqExecutes) {
  const std::string path = (folder_ / "go-on").string();
  python("q.enqueue('functions.wait', '" + path + "', job_id='a')");
  const Burst worker(rq_);
  ASSERT_TRUE(wait_until([&] { return details("a").job.state == State::kStarted; }));
  EXPECT_EQ(good(queue_->counts({"run-1"})).started, 1U);
  EXPECT_EQ(good(queue_->list({"run-1"}, Place::kStarted, 0, 9)).jobs.at(0).id.text, "a");
  EXPECT_EQ(good(queue_->cancel({"a"})), Answer::kDone);
  EXPECT_EQ(good(queue_->counts({"run-1"})), (Counts{0, 0, 0, 0, 0, 0, 1}));
  folder_.write("go-on", "");
}

TEST_P(RqInterop, StopsAJobThatAWorkerOfRqExecutes) {
  python("q.enqueue('functions.wait', '" + (folder_ / "never").string() + "', job_id='a')");
  const Burst worker(rq_);
  ASSERT_TRUE(wait_until([&] { return details("a").job.state == State::kStarted; }));
  EXPECT_EQ(good(queue_->request_stop({"a"})), Answer::kDone);
  EXPECT_TRUE(wait_until([&] { return details("a").job.state == State::kStopped; }));
  EXPECT_THAT(details("a").message, HasSubstr("stopped by user"));
}

INSTANTIATE_TEST_SUITE_P(Of, RqInterop, testing::ValuesIn(kRqVersions), rq_name);

}  // namespace
}  // namespace simswarm::jobs
