// RQ's tools over workers and jobs of simswarm: `rq info`, `rq suspend`, `rq requeue`, `rq empty`, rq-dashboard,
// rq-exporter.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rq_support.h"
#include "worker_support.h"

namespace simswarm::jobs {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class RqTools : public testing::TestWithParam<RqVersion>, protected WorkerTest {
 protected:
  RqTools() : WorkerTest(SharedRedis::fresh()) {}
  void SetUp() override { ASSERT_EQ(rq_.why_not(), ""); }
  std::string python(const std::string& script) { return rq_.python(script); }
  std::string rq(const Words& words) { return rq_.command(words); }

  Rq rq_{GetParam(), server()};
};

TEST_P(RqTools, InfoListsWorkersAndQueues) {
  const auto one = worker("ours", {"--queues", "run-1", "--slots", "1"});
  enqueue_gate("a");
  enqueue_gate("b");
  ASSERT_TRUE(begins("a"));
  const std::string info = rq({"info"});
  EXPECT_THAT(info,
              AllOf(HasSubstr("run-1"), HasSubstr("1 queues, "), HasSubstr("ours"), HasSubstr("1 workers, 1 queue")));
  EXPECT_THAT(rq({"info", "--raw"}), HasSubstr("queue run-1 1"));
  EXPECT_TRUE(wait_until([&] { return asked({"worker", "list"})["workers"][0]["state"] == "busy"; }));
  EXPECT_THAT(rq({"info", "--raw"}),
              AllOf(HasSubstr("worker ours ("), HasSubstr(" " + std::to_string(one->pid()) + ") busy run-1")));
  open_gate("a");
  open_gate("b");
  EXPECT_TRUE(becomes("b", State::kFinished));
  end(*one);
  EXPECT_THAT(rq({"info"}), HasSubstr("0 workers, 1 queue"));
}

TEST_P(RqTools, SuspendAndResume) {
  const auto one = worker("ours", {"--slots", "2"});
  enqueue_gate("a");
  ASSERT_TRUE(begins("a"));
  rq({"suspend"});
  EXPECT_EQ(asked({"jobs", "list"})["suspended"], true);
  enqueue(run_job("b", {"./prog", "b"}));
  open_gate("a");
  EXPECT_TRUE(becomes("a", State::kFinished)) << "what runs goes on";
  EXPECT_TRUE(wait_until([&] { return asked({"worker", "list"})["workers"][0]["state"] == "suspended"; }));
  EXPECT_EQ(details("b").job.state, State::kQueued);
  rq({"resume"});
  EXPECT_TRUE(becomes("b", State::kFinished));
}

TEST_P(RqTools, RequeueAll) {
  enqueue(run_job("a", {"./flaky", "a", "1"}));
  enqueue(run_job("b", {"./flaky", "b", "1"}));
  work_burst();
  EXPECT_EQ(counts().failed, 2U);
  rq({"requeue", "-S", "rq.serializers.JSONSerializer", "--queue", "run-1", "--all"});
  EXPECT_EQ(counts(), (Counts{0, 0, 2, 0, 0, 0, 0}));
  work_burst();
  EXPECT_EQ(counts(), (Counts{0, 0, 0, 0, 2, 0, 0}));
  EXPECT_THAT(results(), ElementsAre("flaky-a.txt", "flaky-b.txt"));
  EXPECT_EQ(details("a").job.attempt, 2);
}

TEST_P(RqTools, Empty) {
  const auto one = worker("ours", {"--slots", "1"});
  enqueue_gate("a");
  ASSERT_TRUE(begins("a"));
  enqueue(run_job("b", {"./prog", "b"}));
  rq({"empty", "run-1"});
  EXPECT_EQ(counts(), (Counts{0, 0, 0, 1, 0, 0, 0}));
  open_gate("a");
  EXPECT_TRUE(becomes("a", State::kFinished));
  end(*one);
  EXPECT_THAT(begun(), ElementsAre("a"));
}

INSTANTIATE_TEST_SUITE_P(Of, RqTools, testing::ValuesIn(kRqVersions), rq_name);

// A worker with a job in every state: of those that RQ's tools show.
class RqPages : public RqTools {
 protected:
  void SetUp() override {
    ASSERT_EQ(rq_.why_not(), "");
    worker_ = worker("ours", {"--queues", "run-1", "--slots", "1"});
    enqueue(run_job("done", {"./prog", "done"}));
    enqueue(run_job("bad", {"./broken", "bad"}));
    ASSERT_TRUE(becomes("bad", State::kFailed));
    enqueue_gate("gate");
    ASSERT_TRUE(begins("gate"));
    enqueue(run_job("next", {"./prog", "next"}));
    NewJob child = run_job("child", {"./prog", "child"});
    child.depends_on = {{"next"}};
    enqueue(child);
    NewJob later = run_job("later", {"./prog", "later"});
    later.delay = std::chrono::hours(1);
    enqueue(later);
    enqueue(run_job("dropped", {"./prog", "dropped"}));
    EXPECT_EQ(good(queue().cancel({"dropped"})), jobs::Answer::kDone);
    ASSERT_TRUE(wait_until([&] { return asked({"worker", "list"})["workers"][0]["state"] == "busy"; }));
  }
  std::unique_ptr<Process> worker_;
};
class RqDashboard : public RqPages {};
class RqExporter : public RqPages {};

// Of its web application, with the serializer that `rq-dashboard --json` chooses.
constexpr const char* kDashboard = R"py(
import logging
from rq_dashboard import cli, web
if 'dashboard' not in names_of_pages:
    web.config.serializer = JSONSerializer
    names_of_pages['dashboard'] = cli.make_flask_app(None, None, None, '')
app = names_of_pages['dashboard']
app.config['RQ_DASHBOARD_REDIS_URL'] = url
web.setup_rq_connection(app)
pages = app.test_client()
def page(path):
    answer = pages.get(path, follow_redirects=True)
    assert answer.status_code == 200, (path, answer.status_code, answer.get_data(as_text=True)[-2000:])
    return answer.get_json()
)py";

TEST_P(RqDashboard, ShowsEverything) {
  python("names_of_pages = globals().get('names_of_pages', {}); url = '" + server().url() + "'\n" + kDashboard);
  EXPECT_EQ(python(R"py(
one, = page('/0/data/queues.json')['queues']
print(one['name'], one['count'], one['started_job_registry_count'], one['failed_job_registry_count'],
      one['finished_job_registry_count'], one['deferred_job_registry_count'], one['scheduled_job_registry_count'],
      one['canceled_job_registry_count'])
)py"),
            "run-1 1 1 1 1 1 1 1");
  EXPECT_EQ(python("w, = page('/0/data/workers.json')['workers']\n"
                   "print(w['name'], w['pid'], w['queues'], 'busy' in w['state'].lower(), w['successful_job_count'],"
                   "w['failed_job_count'])"),
            "ours " + std::to_string(worker_->pid()) + " ['run-1'] True 1 1");
  EXPECT_EQ(python(R"py(
for registry in ['queued', 'started', 'failed', 'finished', 'deferred', 'scheduled', 'canceled']:
    print(registry, [j['id'] for j in page(f'/0/data/jobs/run-1/{registry}/8/asc/1.json')['jobs']])
)py"),
            "queued ['next']\nstarted ['gate']\nfailed ['bad']\nfinished ['done']\ndeferred ['child']\n"
            "scheduled ['later']\ncanceled ['dropped']");
  // Not of the deferred one: with RQ 2 and newer the dashboard falls over any of these.
  EXPECT_EQ(python(R"py(
for id in ['next', 'gate', 'bad', 'done', 'later', 'dropped']:
    j = page(f'/0/data/job/{id}.json')
    print(id, j['status'].split('.')[-1].lower(), j['origin'], (j['exc_info'] or '-').split('\n')[0])
print(page('/0/data/job/done.json')['result']['outcome'])
)py"),
            "next queued run-1 -\ngate started run-1 -\nbad failed run-1 model_error: exit code 3: and broke\n"
            "done finished run-1 -\nlater scheduled run-1 -\ndropped canceled run-1 -\ncompleted");
  python("for view in ['queues', 'workers', 'jobs']: page('/0/view/' + view)");
}
INSTANTIATE_TEST_SUITE_P(Of, RqDashboard, testing::ValuesIn(kRqOfPyPi), rq_name);

TEST_P(RqExporter, CountsEverything) {
  const std::string metrics = python(R"py(
import rq_exporter.collector
from prometheus_client import CollectorRegistry, generate_latest
registry = CollectorRegistry()
if 'collector' not in globals():
    collector = rq_exporter.collector.RQCollector(c, Worker, Queue)
registry.register(collector)
print(generate_latest(registry).decode())
)py");
  for (const char* const status : {"queued", "started", "finished", "failed", "deferred", "scheduled"})
    EXPECT_THAT(metrics, HasSubstr(std::string("rq_jobs{queue=\"run-1\",status=\"") + status + "\"} 1.0"));
  EXPECT_THAT(metrics, HasSubstr(R"(rq_workers{name="ours",queues="run-1",state="busy"} 1.0)"));
  EXPECT_THAT(metrics, HasSubstr(R"(rq_workers_success_total{name="ours",queues="run-1"} 1.0)"));
  EXPECT_THAT(metrics, HasSubstr(R"(rq_workers_failed_total{name="ours",queues="run-1"} 1.0)"));
}
INSTANTIATE_TEST_SUITE_P(Of, RqExporter, testing::Values("2.12"), rq_name);

}  // namespace
}  // namespace simswarm::jobs
