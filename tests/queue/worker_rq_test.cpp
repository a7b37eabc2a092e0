// Workers of simswarm beside Python: what it enqueues, waits for, reads, commands and maintains, in every version of
// RQ.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rq_support.h"
#include "worker_support.h"

namespace simswarm::jobs {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class WorkerRq : public testing::TestWithParam<RqVersion>, protected WorkerTest {
 protected:
  WorkerRq() : WorkerTest(SharedRedis::fresh()) {}
  void SetUp() override {
    ASSERT_EQ(rq_.why_not(), "");
    (void)python("folder = '" + project().path().string() + "'\n" + R"py(
def put(id, *command, queue=q, fields={}, **how):
    return queue.enqueue('simswarm.run', kwargs=dict(folder=folder, command=list(command), **fields), job_id=id, **how)
def line(id): return f'{status(fetch(id))}: {fetch(id).exc_info.strip()}'
)py");
  }
  std::string python(const std::string& script) { return rq_.python(script); }

  Rq rq_{GetParam(), server()};
};

TEST_P(WorkerRq, ExecutesWhatPythonEnqueued) {
  python(
      "put('a', './prog', 'a', description='the first'); put('b', './prog', 'b');"
      "put('urgent', './prog', 'urgent', at_front=True)");
  work_burst({"--slots", "1"});
  EXPECT_THAT(begun(), ElementsAre("urgent", "a", "b"));
  EXPECT_THAT(results(), ElementsAre("out-a.txt", "out-b.txt", "out-urgent.txt"));
  EXPECT_EQ(project().read("out-a.txt"), "result a\n");
  EXPECT_EQ(python(R"py(
j = fetch('a'); r = j.return_value(); f = r['files']
digest = hashlib.sha256(open(folder + '/out-a.txt', 'rb').read()).hexdigest()
print(status(j), j.worker_name, r['outcome'], r['attempt'], r['exit_code'], r['worker'],
      [(one['path'], one['size']) for one in f], f[0]['sha256'] == digest, j.ended_at >= j.started_at >= j.enqueued_at)
)py"),
            "finished burst completed 1 0 burst [('out-a.txt', 9)] True True");
  EXPECT_EQ(python("print(sorted(FinishedJobRegistry(queue=q).get_job_ids()), q.job_ids,"
                   "StartedJobRegistry(queue=q).get_job_ids(), fetch('a').description)"),
            "['a', 'b', 'urgent'] [] [] the first");
}

TEST_P(WorkerRq, SaysInOneLineWhyItCannot) {
  python(R"py(
q.enqueue('functions.add', 1, 2, job_id='other', retry=Retry(max=3))
put('field', './prog', 'a', fields={'colour': 'red'})
put('position', './prog', 'a', fields={'run': 7})
put('program', './none', 'a')
q.enqueue('simswarm.run', kwargs=dict(folder='/nowhere/at-all', command=['./prog']), job_id='folder')
q.enqueue('simswarm.run', '01ARZ3NDEKTSV4RRFFQ69G5FAV', 3, job_id='campaign')
q.enqueue('simswarm.nothing', job_id='nothing')
)py");
  work_burst();
  EXPECT_EQ(python("for id in ['other', 'field', 'position', 'program', 'folder', 'campaign']: print(line(id))"),
            "failed: it asks for «functions.add»: workers of simswarm execute simswarm.run and simswarm.nothing alone\n"
            "failed: there is no field «colour» in a job of simswarm.run\n"
            "failed: there is no run 7: the study has 1 now\n"
            "failed: sweep «sweep»: program «./none» is not there\n"
            "failed: there is no folder /nowhere/at-all on this machine\n"
            "failed: what campaign 01ARZ3NDEKTSV4RRFFQ69G5FAV is about is not in the queue any more: enqueue it anew");
  EXPECT_EQ(python("j = fetch('nothing'); print(status(j), j.return_value())"), "finished None");
  EXPECT_EQ(python("print(fetch('other').retries_left)"), "3") << "there is no sense in another try";
  EXPECT_THAT(results(), IsEmpty());
}

TEST_P(WorkerRq, RetriesAsPythonAsks) {
  python(
      "put('twice', './flaky', 'twice', '2', retry=Retry(max=2));"
      "put('never', './flaky', 'never', '9', retry=Retry(max=1, interval=1));"
      "put('later', './flaky', 'later', '1', retry=Retry(max=1, interval=1));"
      "put('wrong', './broken', 'wrong', retry=Retry(max=1))");
  const auto one = worker("ours");
  EXPECT_TRUE(becomes("twice", State::kFinished));
  EXPECT_TRUE(becomes("later", State::kFinished));
  EXPECT_TRUE(becomes("never", State::kFailed));
  EXPECT_TRUE(becomes("wrong", State::kFailed));
  EXPECT_EQ(times_begun("twice"), 3U);
  EXPECT_EQ(times_begun("later"), 2U);
  EXPECT_EQ(times_begun("never"), 2U);
  EXPECT_EQ(project().read("flaky-twice.txt"), "try 3\n");
  EXPECT_EQ(python("print(fetch('twice').return_value()['attempt'], fetch('later').return_value()['attempt'])"), "3 2");
  EXPECT_THAT(python("print(line('never'))"), AllOf(HasSubstr("failed: killed"), HasSubstr("not yet"),
                                                    HasSubstr("$ ./flaky never 9"), HasSubstr("attempt 2 on ")));
  EXPECT_THAT(python("print(line('wrong'), fetch('wrong').retries_left)"),
              AllOf(HasSubstr("failed: model_error: exit code 3: and broke"), HasSubstr("it said this")));
  EXPECT_EQ(times_begun("wrong"), 2U) << "Python asked for it, whatever the outcome is";
  EXPECT_EQ(
      python("print(sorted(FailedJobRegistry(queue=q).get_job_ids()), ScheduledJobRegistry(queue=q).get_job_ids())"),
      "['never', 'wrong'] []");
}

TEST_P(WorkerRq, BeginsWhatIsDue) {
  python(R"py(
def put_at(how, when, id): return how(when, 'simswarm.run', kwargs=dict(folder=folder, command=['./prog', id]), job_id=id)
due = datetime.now(timezone.utc) + timedelta(seconds=2)
put_at(q.enqueue_in, timedelta(seconds=2), 'in'); put_at(q.enqueue_at, due, 'at')
put_at(q.enqueue_in, timedelta(hours=2), 'far')
)py");
  work_burst();
  EXPECT_EQ(counts().scheduled, 3U) << "--burst waits for nothing";
  const auto one = worker("ours");
  EXPECT_TRUE(becomes("in", State::kFinished));
  EXPECT_TRUE(becomes("at", State::kFinished));
  EXPECT_EQ(python("j = fetch('at'); print(status(j), j.started_at.replace(tzinfo=timezone.utc) >= "
                   "due.replace(microsecond=0), status(fetch('far')))"),
            "finished True scheduled");
  EXPECT_THAT(results(), ElementsAre("out-at.txt", "out-in.txt"));
}

TEST_P(WorkerRq, WaitsForPythonAndPythonForIt) {
  python(R"py(
py.enqueue('functions.add', 1, 1, job_id='first')
put('second', './prog', 'second', depends_on='first')
py.enqueue('functions.add', 2, 2, job_id='third', depends_on='second')
put('fourth', './prog', 'fourth', depends_on=['second', 'third'])
)py");
  const auto one = worker("ours", {"--queues", "run-1"});
  EXPECT_EQ(counts().deferred, 2U);
  rq_.work_burst("py");
  EXPECT_TRUE(becomes("second", State::kFinished));
  // Python's worker may have been there long enough to take the third, too.
  const auto third = [&] { return details("third").job.state; };
  EXPECT_TRUE(wait_until([&] { return third() == State::kQueued || third() == State::kFinished; }));
  if (third() == State::kQueued) {
    EXPECT_EQ(times_begun("fourth"), 0U);
    rq_.work_burst("py");
  }
  EXPECT_TRUE(becomes("fourth", State::kFinished));
  EXPECT_EQ(python("print(fetch('third').return_value(), py.count, DeferredJobRegistry(queue=q).get_job_ids(),"
                   "DeferredJobRegistry(queue=py).get_job_ids())"),
            "4 0 [] []");
  EXPECT_THAT(begun(), ElementsAre("second", "fourth"));
}

TEST_P(WorkerRq, LetsWaitWhatDependsOnAFailure) {
  python(R"py(
put('bad', './broken', 'bad')
put('strict', './prog', 'strict', depends_on='bad')
put('lenient', './prog', 'lenient', depends_on=Dependency(jobs=['bad'], allow_failure=True))
py.enqueue('functions.add', 1, 1, job_id='theirs', depends_on=Dependency(jobs=['bad'], allow_failure=True))
)py");
  work_burst();
  EXPECT_EQ(details("bad").job.state, State::kFailed);
  EXPECT_EQ(details("strict").job.state, State::kDeferred);
  EXPECT_EQ(details("lenient").job.state, State::kFinished);
  EXPECT_EQ(python("print(py.job_ids)"), "['theirs']");
}

TEST_P(WorkerRq, EndsARunAtItsTimeout) {
  EXPECT_EQ(python("j = put('usual', './prog', 'usual'); print(j.timeout or q.default_timeout or q.DEFAULT_TIMEOUT)"),
            "180");
  python("put('short', './gate', 'short', job_timeout=1, retry=Retry(max=1))");
  work_burst();
  EXPECT_THAT(python("print(line('short'))"), HasSubstr("failed: timed_out: ended at its time limit"));
  EXPECT_EQ(details("usual").job.state, State::kFinished);
  EXPECT_THAT(results(), ElementsAre("out-usual.txt")) << "nothing of the run that was ended";
}

TEST_P(WorkerRq, IsReadByPythonWhatASweepPut) {
  const json put = asked({"sweep", "--queue", server().url(), "n=1..3", "--", "./prog", "{n}"});
  EXPECT_EQ(put["event"], "enqueued");
  EXPECT_EQ(put["runs"], 3);
  const std::string campaign = put["campaign"];
  EXPECT_EQ(put["queue"], "run-" + campaign);
  (void)python("s = Queue('run-" + campaign + "', connection=c, serializer=JSONSerializer)");
  EXPECT_EQ(python("print(s.count, [j.func_name for j in s.jobs], [j.args for j in s.jobs])"),
            "3 ['simswarm.run', 'simswarm.run', 'simswarm.run'] [['" + campaign + "', 0], ['" + campaign + "', 1], ['" +
                campaign + "', 2]]");
  work_burst();
  EXPECT_EQ(
      python("ids = sorted(FinishedJobRegistry(queue=s).get_job_ids())\n"
             "print(ids, [fetch(id).return_value()['files'][0]['path'] for id in ids], s.count)"),
      "['" + campaign + "-0', '" + campaign + "-1', '" + campaign + "-2'] ['out-1.txt', 'out-2.txt', 'out-3.txt'] 0");
  EXPECT_EQ(project().read("out-3.txt"), "result 3\n");
}

TEST_P(WorkerRq, TellsPythonWhoExecutes) {
  python("put('a', './gate', 'a')");
  const auto one = worker("ours");
  ASSERT_TRUE(begins("a"));
  EXPECT_EQ(python("w = Worker.find_by_key('rq:worker:ours', connection=c, serializer=JSONSerializer)\n"
                   "print(w.name, w.pid, [str(n) for n in w.queue_names()], fetch('a').worker_name, status(fetch('a')),"
                   "StartedJobRegistry(queue=q).get_job_ids())"),
            "ours " + std::to_string(one->pid()) + " ['run', 'run-1'] ours started ['a']");
  ASSERT_TRUE(wait_until([&] {
    return python("print(Worker.find_by_key('rq:worker:ours', connection=c, serializer=JSONSerializer).get_state())") ==
           "busy";
  }));
  open_gate("a");
  EXPECT_TRUE(becomes("a", State::kFinished));
  EXPECT_TRUE(wait_until([&] {
    return python(
               "w = Worker.find_by_key('rq:worker:ours', connection=c, serializer=JSONSerializer)\n"
               "print(w.successful_job_count, w.failed_job_count, w.total_working_time > 0)") == "1 0 True";
  }));
}

TEST_P(WorkerRq, StopsWhatPythonStops) {
  python("put('a', './gate', 'a', retry=Retry(max=3)); put('b', './gate', 'b')");
  const auto one = worker("ours", {"--slots", "2"});
  ASSERT_TRUE(begins("a"));
  ASSERT_TRUE(begins("b"));
  python("send_stop_job_command(c, 'a')");
  EXPECT_TRUE(becomes("a", State::kStopped));
  EXPECT_EQ(python("print(status(fetch('a')), FailedJobRegistry(queue=q).get_job_ids(), fetch('a').retries_left)"),
            "stopped ['a'] 3");
  EXPECT_EQ(details("b").job.state, State::kStarted);
  open_gate("b");
  EXPECT_TRUE(becomes("b", State::kFinished));
  EXPECT_EQ(times_begun("a"), 1U) << "stopped is stopped, whatever retries are left";
  EXPECT_THAT(results(), ElementsAre("gate-b.txt"));
}

TEST_P(WorkerRq, EndsAllRunsAtKillHorse) {
  python("put('a', './gate', 'a', retry=Retry(max=1)); put('b', './gate', 'b')");
  const auto one = worker("ours", {"--slots", "2"});
  ASSERT_TRUE(begins("a"));
  ASSERT_TRUE(begins("b"));
  python("send_kill_horse_command(c, 'ours')");
  EXPECT_TRUE(becomes("b", State::kFailed));
  EXPECT_TRUE(wait_until([&] { return times_begun("a") == 2; })) << "it had a retry";
  open_gate("a");
  EXPECT_TRUE(becomes("a", State::kFinished));
  EXPECT_THAT(python("print(line('b'))"), HasSubstr("failed: killed"));
  EXPECT_EQ(details("a").job.attempt, 2);
  EXPECT_FALSE(one->has_ended());
  EXPECT_THAT(one->log(), HasSubstr("kill-horse was asked for: 2 runs are ended"));
}

TEST_P(WorkerRq, EndsAtShutdown) {
  python("put('a', './gate', 'a')");
  const auto one = worker("ours", {"--drain", "0"});
  ASSERT_TRUE(begins("a"));
  python("send_shutdown_command(c, 'ours')");
  EXPECT_EQ(one->wait(), 0);
  EXPECT_THAT(one->log(), HasSubstr("shutdown was asked for: nothing new starts"));
  EXPECT_EQ(python("print(status(fetch('a')), q.job_ids, Worker.all(connection=c))"), "queued ['a'] []");
  open_gate("a");
  work_burst();
  EXPECT_EQ(details("a").job.state, State::kFinished);
}

// All that RQ does to tidy up, as its workers and `rq info` call it.
constexpr const char* kMaintenance = R"py(
for one in [StartedJobRegistry, FinishedJobRegistry, FailedJobRegistry, DeferredJobRegistry, ScheduledJobRegistry]:
    one(queue=q).cleanup()
clean_registries(q)
w = Worker([q], connection=c, serializer=JSONSerializer)
c.delete('rq:clean_registries:run-1')
getattr(w, 'run_maintenance_tasks', w.clean_registries)()
w.clean_registries()
from rq.worker_registration import clean_worker_registry
clean_worker_registry(q)
)py";

TEST_P(WorkerRq, IsNotHarmedByMaintenance) {
  python("put('a', './gate', 'a', retry=Retry(max=3)); put('b', './gate', 'b')");
  const auto one = worker("ours", {"--slots", "2"});
  ASSERT_TRUE(begins("a"));
  ASSERT_TRUE(begins("b"));
  // As they would look if their worker had said nothing for an hour.
  const std::string long_ago = "2020-01-01T00:00:00.000000Z";
  for (const char* const id : {"rq:job:a", "rq:job:b"})
    server().command({"HSET", id, "last_heartbeat", long_ago, "started_at", long_ago, "timeout", "1"});
  for (int again = 0; again < 2; ++again) {
    python(kMaintenance);
    (void)rq_.command({"info"});
    rq_.work_burst("run-1");
  }
  EXPECT_EQ(counts(), (Counts{0, 0, 0, 2, 0, 0, 0}));
  open_gate("a");
  open_gate("b");
  EXPECT_TRUE(becomes("a", State::kFinished));
  EXPECT_TRUE(becomes("b", State::kFinished));
  python(kMaintenance);
  EXPECT_EQ(counts(), (Counts{0, 0, 0, 0, 2, 0, 0}));
  EXPECT_EQ(times_begun("a") + times_begun("b"), 2U);
  EXPECT_EQ(details("a").job.attempt + details("b").job.attempt, 2);
  EXPECT_THAT(one->log(), Not(HasSubstr("gone")));
}

// Somebody sets the score that RQ goes by to one that has passed, and tidies up: RQ queues the job again, or fails it.
TEST_P(WorkerRq, EndsOnceWhatMaintenanceTookAway) {
  python("put('a', './gate', 'a', retry=Retry(max=1)); put('b', './gate', 'b')");
  const auto one = worker("ours", {"--slots", "2"});
  ASSERT_TRUE(begins("a"));
  ASSERT_TRUE(begins("b"));
  server().command({"ZADD", "rq:wip:run-1", "1", "a", "1", "b"});
  (void)rq_.command({"info"});
  EXPECT_TRUE(becomes("b", State::kFailed));
  EXPECT_TRUE(wait_until([&] { return times_begun("a") == 2; })) << "queued again by RQ, and taken";
  open_gate("a");
  open_gate("b");
  EXPECT_TRUE(becomes("a", State::kFinished));
  EXPECT_EQ(counts(), (Counts{0, 0, 0, 0, 1, 1, 0}));
  EXPECT_THAT(results(), ElementsAre("gate-a.txt")) << "what was failed by RQ is ended, not completed";
  EXPECT_EQ(details("a").job.attempt, 2);
}

INSTANTIATE_TEST_SUITE_P(Of, WorkerRq, testing::ValuesIn(kRqVersions), rq_name);

}  // namespace
}  // namespace simswarm::jobs
