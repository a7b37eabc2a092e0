// Jobs, queues and workers: seen and managed.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <span>

#include "base/text.h"
#include "web/dashboard.h"
#include "web/json_of.h"

namespace simswarm::web {
namespace {

using jobs::Answer;
using jobs::Place;

constexpr std::chrono::milliseconds kFresh{1'000};
constexpr std::size_t kMostIds = 1000;
constexpr std::size_t kMostSearched = 20'000;  // jobs that are looked through for a word
constexpr std::size_t kPage = 1000;
constexpr std::size_t kMostText = 300;  // bytes
constexpr std::size_t kMostRecent = 20;
constexpr std::size_t kMostOfRecent = 300;  // of each queue, for what a worker did

constexpr std::array<std::pair<std::string_view, Place>, jobs::kPlaces> kPlaces{{{"queued", Place::kQueued},
                                                                                 {"started", Place::kStarted},
                                                                                 {"finished", Place::kFinished},
                                                                                 {"failed", Place::kFailed},
                                                                                 {"canceled", Place::kCancelled},
                                                                                 {"scheduled", Place::kScheduled},
                                                                                 {"deferred", Place::kDeferred}}};

std::optional<Place> place_from(const std::string& name) {
  const auto* const found = std::ranges::find(kPlaces, name, [](const auto& one) { return one.first; });
  return found == kPlaces.end() ? std::nullopt : std::optional(found->second);
}

std::string_view word_of(Answer answer) {
  switch (answer) {
    case Answer::kDone:
      return "done";
    case Answer::kAlready:
      return "already";
    case Answer::kRefused:
      return "refused";
    case Answer::kGone:
      break;
  }
  return "gone";
}

// Asks at the queue's desk.
template <typename Make>
Response at_queue(const Desk& desk, const Make& make) {
  const auto queue = desk.queue();
  if (!queue) return response_of(queue.error());
  Result<Json> answer = make(**queue);
  return answer ? json_response(dumped(std::move(*answer))) : response_of(answer.error());
}

// The same for a text that goes into a larger answer.
template <typename Make>
Response part_at_queue(const Desk& desk, const Make& make) {
  const auto queue = desk.queue();
  if (!queue) return response_of(queue.error());
  Result<std::string> answer = make(**queue);
  return answer ? json_response(std::move(*answer)) : response_of(answer.error());
}

// --- lists --------------------------------------------------------------------------------------------------------

struct Wanted {
  jobs::QueueName queue;
  Place place = Place::kQueued;
  std::size_t offset = 0, most = 0;
  std::string search;
};

bool has_text(const jobs::JobView& job, const std::string& text) {
  return job.id.text.find(text) != std::string::npos || job.description.find(text) != std::string::npos ||
         job.worker.find(text) != std::string::npos;
}

// Jobs as they are listed: with what they failed of.
Result<std::string> listed(QueueDesk& queue, const std::vector<jobs::JobView>& jobs) {
  std::vector<jobs::JobId> failed;
  for (const jobs::JobView& job : jobs) {
    const bool has_failed = job.state == jobs::State::kFailed || job.state == jobs::State::kStopped;
    if (has_failed) failed.push_back(job.id);
  }
  std::map<std::string, std::string> errors;
  if (!failed.empty()) {
    SIMSWARM_TRY(const auto found, queue.watch->errors(failed));
    for (std::size_t i = 0; i < failed.size(); ++i) errors[failed[i].text] = found[i];
  }
  constexpr std::size_t kUsual = 512;  // bytes of a job
  std::string text = "[";
  text.reserve(jobs.size() * kUsual);
  for (const jobs::JobView& job : jobs) {
    if (text.size() > 1) text += ',';
    const auto error = errors.find(job.id.text);
    append_json(text, job, error == errors.end() ? "" : error->second);
  }
  return text + "]";
}

Result<std::string> search(QueueDesk& queue, const Wanted& wanted) {
  std::vector<jobs::JobView> matching;
  std::size_t found = 0;
  std::size_t seen = 0;
  while (seen < kMostSearched) {
    SIMSWARM_TRY(const jobs::Page page, queue.jobs->list(wanted.queue, wanted.place, seen, kPage));
    for (const jobs::JobView& job : page.jobs) {
      if (!has_text(job, wanted.search) || found++ < wanted.offset || matching.size() >= wanted.most) continue;
      matching.push_back(job);
    }
    seen += kPage;
    if (seen >= page.total) break;
  }
  SIMSWARM_TRY(const std::string list, listed(queue, matching));
  return fmt::format("{{\"total\":{},\"searched\":{},\"jobs\":{}}}", found, seen, list);
}

Result<std::string> list(QueueDesk& queue, const Wanted& wanted) {
  if (!wanted.search.empty()) return search(queue, wanted);
  SIMSWARM_TRY(const jobs::Page page, queue.jobs->list(wanted.queue, wanted.place, wanted.offset, wanted.most));
  SIMSWARM_TRY(const std::string list, listed(queue, page.jobs));
  return fmt::format("{{\"total\":{},\"searched\":null,\"jobs\":{}}}", page.total, list);
}

std::optional<Response> list_jobs(const Desk& desk, const Call& call) {
  Wanted wanted{.queue = {call.parts.at(0)}, .search = call.query("search").substr(0, kMostText)};
  const std::string state = call.query("state").empty() ? "queued" : call.query("state");
  const auto place = place_from(state);
  const auto offset = number_in(call, "offset", 0, 100'000'000);
  const auto most = number_in(call, "most", 100, kPage);
  if (!place) return bad_request(call, fmt::format("jobs are never «{}»", state));
  if (!offset || !most) return bad_request(call, "offset and most are to be numbers, most up to 1000");
  if (const Status good = jobs::check_queue(wanted.queue); !good) return bad_request(call, good.error().message);
  wanted.place = *place;
  wanted.offset = *offset;
  wanted.most = *most;
  const std::string name =
      fmt::format("list {} {} {} {} {}", wanted.queue.text, state, wanted.offset, wanted.most, wanted.search);
  auto answer = desk.at_queue->find(name, wanted.search.empty() ? kFresh : kFresh * 5, [&desk, wanted] {
    return part_at_queue(desk, [&](QueueDesk& queue) { return list(queue, wanted); });
  });
  if (!answer || answer->status != 200) return answer;
  const auto picture = desk.watch->picture();
  Json object;
  add_age(object, *picture);
  const auto row = std::ranges::find(picture->survey.queues, wanted.queue, &jobs::QueueRow::name);
  object["counts"] = json_of(row == picture->survey.queues.end() ? jobs::Counts() : row->counts);
  object["priority"] = row == picture->survey.queues.end() ? 0 : row->priority;
  object["suspended"] = picture->survey.suspended;
  object["workers"] = std::ranges::count_if(
      picture->survey.workers, [&](const jobs::WorkerView& worker) { return view::serves(worker, wanted.queue); });
  return json_response(joined(std::move(object), answer->body));
}

Result<Json> one_job(const Desk& desk, QueueDesk& queue, const jobs::JobId& id) {
  SIMSWARM_TRY(const auto details, queue.jobs->find(id));
  if (!details) return Json{{"job", nullptr}};
  Json parents = Json::array();
  for (const jobs::JobId& parent : details->depends_on) parents.push_back(parent.text);
  const std::string error = details->message.substr(0, details->message.find('\n'));
  Json object{{"job", json_of(details->job)},
              {"payload", foreign_json(details->payload)},
              {"depends_on", parents},
              {"result", details->result.empty() ? Json() : foreign_json(details->result)},
              {"message", details->message.empty() ? Json() : Json(details->message)},
              {"ahead", nullptr},
              {"campaign_id", nullptr},
              {"position", nullptr}};
  object["job"]["error"] = error.empty() ? Json() : Json(error);
  if (details->job.state == jobs::State::kQueued && jobs::check_queue(details->job.queue)) {
    SIMSWARM_TRY(const auto ahead, queue.watch->ahead(details->job.queue, id));
    if (ahead) object["ahead"] = *ahead;
  }
  const std::string campaign = id.text.substr(0, id.text.find('-'));
  if (const auto position = desk.position_of(campaign, id)) {
    object["campaign_id"] = campaign;
    object["position"] = *position;
  }
  return object;
}

std::optional<Response> find_job(const Desk& desk, const Call& call) {
  const jobs::JobId id{call.parts.at(0)};
  if (const Status good = jobs::check_id(id); !good) return bad_request(call, good.error().message);
  auto answer = desk.at_queue->find("job " + id.text, kFresh, [&desk, id] {
    return at_queue(desk, [&](QueueDesk& queue) { return one_job(desk, queue, id); });
  });
  if (!answer || answer->status != 200) return answer;
  const auto picture = desk.watch->picture();
  Json object = Json::parse(answer->body);
  if (object["job"].is_null()) return trouble_response(404, call.request.path, "there is no such job (any more)");
  add_age(object, *picture);
  object["workers"] = picture->survey.workers.size();
  return json_response(dumped(std::move(object)));
}

std::optional<Response> job_output(const Desk& desk, const Call& call) {
  const jobs::JobId id{call.parts.at(0)};
  if (const Status good = jobs::check_id(id); !good) return bad_request(call, good.error().message);
  const auto offset = number_in(call, "offset", 0, jobs::kMostOutput);
  if (!offset) return bad_request(call, "offset is to be a number");
  const std::string name = fmt::format("output {} {}", id.text, *offset);
  return desk.at_queue->find(name, kFresh, [&desk, id, offset = *offset]() -> Response {
    const auto queue = desk.queue();
    if (!queue) return response_of(queue.error());
    const auto piece = (*queue)->jobs->output(id, offset);
    if (!piece) return response_of(piece.error());
    Response response = text_response(*piece);
    response.headers.emplace_back("X-Simswarm-Next", std::to_string(offset + piece->size()));
    return response;
  });
}

// --- changes ------------------------------------------------------------------------------------------------------

using Change = std::function<Result<Answer>(jobs::JobQueue&, const jobs::JobId&)>;

Change change_from(const std::string& action) {
  if (action == "requeue") return [](jobs::JobQueue& queue, const jobs::JobId& id) { return queue.requeue(id); };
  if (action == "cancel") return [](jobs::JobQueue& queue, const jobs::JobId& id) { return queue.cancel(id); };
  if (action == "delete") return [](jobs::JobQueue& queue, const jobs::JobId& id) { return queue.remove(id); };
  if (action == "stop") return [](jobs::JobQueue& queue, const jobs::JobId& id) { return queue.request_stop(id); };
  return nullptr;
}

struct Tally {
  std::size_t done = 0, refused = 0, gone = 0;
  Json answers = Json::object();
  void add(const std::string& id, Answer answer) {
    (answer == Answer::kGone ? gone : answer == Answer::kRefused ? refused : done) += 1;
    answers[id] = word_of(answer);
  }
};

// Tells what was changed, and has it seen at once.
void changed(const Desk& desk, const std::string& who, const std::string& what) {
  desk.say(who + ": " + what);
  desk.at_queue->forget();
  desk.watch->look_now();
}

std::optional<Response> change_jobs(const Desk& desk, const Call& call) {
  const Json body = foreign_json(call.request.body);
  const Json ids = body.is_object() ? body.value("ids", Json()) : Json();
  const Json action = body.is_object() ? body.value("action", Json()) : Json();
  if (!action.is_string() || !change_from(action))
    return bad_request(call, "action is requeue, cancel, delete or stop");
  if (!ids.is_array() || ids.empty() || ids.size() > kMostIds)
    return bad_request(call, "ids is to be a list of 1 to 1000 jobs");
  std::vector<jobs::JobId> wanted;
  for (const Json& id : ids) {
    if (!id.is_string()) return bad_request(call, "ids is to be a list of texts");
    wanted.push_back({id.get<std::string>()});
    if (const Status good = jobs::check_id(wanted.back()); !good) return bad_request(call, good.error().message);
  }
  const std::string word = action;
  return desk.at_queue->once(std::to_string(call.request.number), [&desk, wanted, word, who = call.who]() -> Response {
    return at_queue(desk, [&](QueueDesk& queue) -> Result<Json> {
      Tally tally;
      for (const jobs::JobId& id : wanted) {
        SIMSWARM_TRY(const Answer answer, change_from(word)(*queue.jobs, id));
        tally.add(id.text, answer);
      }
      changed(desk, who,
              fmt::format("{} of {}{}: {} done, {} refused, {} gone", word, wanted.front().text,
                          wanted.size() == 1 ? "" : fmt::format(" and {} others", wanted.size() - 1), tally.done,
                          tally.refused, tally.gone));
      return Json{{"done", tally.done}, {"refused", tally.refused}, {"gone", tally.gone}, {"answers", tally.answers}};
    });
  });
}

// All of a state, as they stand now; at most kMostSearched at once. What is left is counted before: what is requeued
// may have failed again by the end, and is not asked for a second time.
Result<Json> change_all(QueueDesk& queue, const jobs::QueueName& name, Place place, const std::string& action) {
  SIMSWARM_TRY(const jobs::Page all, queue.jobs->list(name, place, 0, 0));
  SIMSWARM_TRY(const auto ids, queue.watch->ids(name, place, 0, kMostSearched));
  Tally tally;
  for (const jobs::JobId& id : ids) {
    if (!jobs::check_id(id)) continue;
    SIMSWARM_TRY(const Answer answer, change_from(action)(*queue.jobs, id));
    tally.add(id.text, answer);
  }
  const std::size_t left = ids.size() < kMostSearched ? 0 : all.total - std::min(all.total, ids.size());
  return Json{{"done", tally.done}, {"refused", tally.refused}, {"left", left}};
}

Result<Json> change_queue(QueueDesk& queue, const jobs::QueueName& name, const std::string& action, Place place,
                          int priority) {
  if (action == "priority") {
    SIMSWARM_CHECK(queue.jobs->describe(name, {.name = {}, .priority = priority}));
    return Json{{"done", 1}};
  }
  if (action == "empty") {
    SIMSWARM_TRY(const jobs::Emptied emptied, queue.jobs->empty(name));
    return Json{{"done", emptied.removed}, {"refused", emptied.kept}, {"left", emptied.kept}};
  }
  if (action == "cancel" && place == Place::kQueued) {
    SIMSWARM_TRY(const std::size_t cancelled, queue.jobs->cancel_waiting(name));
    return Json{{"done", cancelled}, {"refused", 0}, {"left", 0}};
  }
  return change_all(queue, name, place, action);
}

std::optional<Response> change_queue(const Desk& desk, const Call& call) {
  const Json body = foreign_json(call.request.body);
  if (!body.is_object()) return bad_request(call, "the body is to be an object with «action»");
  const auto text = [&](const char* name) {
    const Json value = body.value(name, Json());
    return value.is_string() ? value.get<std::string>() : std::string();
  };
  const std::string action = text("action");
  const std::string state = text("state");
  const Json priority = body.value("priority", Json());
  const jobs::QueueName name{call.parts.at(0)};
  if (const Status good = jobs::check_queue(name); !good) return bad_request(call, good.error().message);
  const bool is_of_all = change_from(action) != nullptr;
  if (!is_of_all && action != "empty" && action != "priority")
    return bad_request(call, "action is requeue, cancel, delete, stop, empty or priority");
  if (is_of_all && !place_from(state)) return bad_request(call, "state says which jobs: failed, queued, …");
  const bool has_priority =
      priority.is_number_integer() && priority >= -jobs::kMostPriority && priority <= jobs::kMostPriority;
  if (action == "priority" && !has_priority) return bad_request(call, "priority is to be a number from -10 to 10");
  const Place place = place_from(state).value_or(Place::kQueued);
  const int weight = has_priority ? priority.get<int>() : 0;
  return desk.at_queue->once(
      std::to_string(call.request.number), [&desk, name, action, state, place, weight, who = call.who] {
        return at_queue(desk, [&](QueueDesk& queue) -> Result<Json> {
          SIMSWARM_TRY(Json answer, change_queue(queue, name, action, place, weight));
          changed(desk, who,
                  fmt::format("{} {} in {}: {}", action, action == "priority" ? std::to_string(weight) : state,
                              name.text, answer.dump()));
          return answer;
        });
      });
}

std::optional<Response> suspend(const Desk& desk, const Call& call, bool is_to_be) {
  return desk.at_queue->once(std::to_string(call.request.number), [&desk, is_to_be, who = call.who] {
    return at_queue(desk, [&](QueueDesk& queue) -> Result<Json> {
      SIMSWARM_CHECK(is_to_be ? queue.jobs->suspend() : queue.jobs->resume());
      changed(desk, who, is_to_be ? "suspended all queues" : "resumed all queues");
      return Json{{"suspended", is_to_be}};
    });
  });
}

// --- workers ------------------------------------------------------------------------------------------------------

Json recent_json(const Desk& desk, const jobs::JobView& job) {
  Json one = json_of(job);
  one["name"] = job.description;
  one["campaign_id"] = nullptr;
  one["position"] = nullptr;
  const std::string campaign = job.id.text.substr(0, job.id.text.find('-'));
  if (const auto position = desk.position_of(campaign, job.id)) {
    one["campaign_id"] = campaign;
    one["position"] = *position;
  }
  return one;
}

// What it runs, and what it ended last, among the newest of its queues.
Result<Json> jobs_of_worker(const Desk& desk, QueueDesk& queue, const std::string& worker,
                            const std::vector<jobs::QueueName>& queues) {
  Json now = Json::array();
  std::vector<jobs::JobView> ended;
  for (const jobs::QueueName& name : queues) {
    for (const Place place : {Place::kStarted, Place::kFinished, Place::kFailed}) {
      SIMSWARM_TRY(const jobs::Page page, queue.jobs->list(name, place, 0, kMostOfRecent));
      for (const jobs::JobView& job : page.jobs) {
        if (job.worker != worker) continue;
        if (place == Place::kStarted)
          now.push_back(recent_json(desk, job));
        else
          ended.push_back(job);
      }
    }
  }
  std::ranges::sort(ended, std::ranges::greater(), &jobs::JobView::ended_at);
  Json recent = Json::array();
  for (const jobs::JobView& job : ended) {
    if (recent.size() < kMostRecent) recent.push_back(recent_json(desk, job));
  }
  return Json{{"now", now}, {"recent", recent}};
}

std::optional<Response> worker(const Desk& desk, const Call& call) {
  constexpr std::size_t kMostQueues = 5;
  const std::string name = call.parts.at(0);
  const auto picture = desk.watch->picture();
  const auto found = std::ranges::find(picture->survey.workers, name,
                                       [](const jobs::WorkerView& one) { return one.record.name.text; });
  const auto history = desk.watch->history(name);
  if (found == picture->survey.workers.end() && history.empty())
    return trouble_response(404, call.request.path, "there is no worker of this name (any more)");
  std::vector<jobs::QueueName> queues;
  for (const jobs::QueueRow& row : picture->survey.queues) {
    const bool serves = found != picture->survey.workers.end() && view::serves(*found, row.name);
    const bool has_some = row.counts.started + row.counts.finished + row.counts.failed > 0;
    if (serves && has_some && queues.size() < kMostQueues && jobs::check_queue(row.name)) queues.push_back(row.name);
  }
  auto answer = desk.at_queue->find("worker " + name, kFresh * 3, [&desk, name, queues] {
    return at_queue(desk, [&](QueueDesk& queue) { return jobs_of_worker(desk, queue, name, queues); });
  });
  if (!answer || answer->status != 200) return answer;
  Json object = Json::parse(answer->body);
  add_age(object, *picture);
  object["worker"] = found == picture->survey.workers.end() ? Json() : json_of(*found);
  object["history"] = Json::array();
  for (const view::WorkerSample& one : history)
    object["history"].push_back({one.at, one.running, one.finished, one.failed});
  return json_response(dumped(std::move(object)));
}

}  // namespace

std::vector<Route> job_routes(const Desk& desk) {
  if (desk.at_queue == nullptr) return {};
  return {{"GET", "/api/v1/queues/*/jobs", [&desk](const Call& call) { return list_jobs(desk, call); }},
          {"GET", "/api/v1/jobs/*", [&desk](const Call& call) { return find_job(desk, call); }},
          {"GET", "/api/v1/jobs/*/output", [&desk](const Call& call) { return job_output(desk, call); }},
          {"GET", "/api/v1/workers/*", [&desk](const Call& call) { return worker(desk, call); }},
          {"POST", "/api/v1/jobs", [&desk](const Call& call) { return change_jobs(desk, call); }},
          {"POST", "/api/v1/queues/*", [&desk](const Call& call) { return change_queue(desk, call); }},
          {"POST", "/api/v1/suspend", [&desk](const Call& call) { return suspend(desk, call, true); }},
          {"POST", "/api/v1/resume", [&desk](const Call& call) { return suspend(desk, call, false); }}};
}

}  // namespace simswarm::web
