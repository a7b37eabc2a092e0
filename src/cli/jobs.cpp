// simswarm jobs: what stands in a queue, and what is to become of it.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/queue_url.h"
#include "cli/screen.h"
#include "queue/job_queue.h"
#include "result/text_table.h"

namespace simswarm::cli {
namespace {

using jobs::Answer;
using jobs::JobQueue;
using jobs::JobView;
using jobs::Place;
using nlohmann::json;

struct PlaceName {
  Place place;
  std::string_view name;
};
// In the order of the list: what goes on, what is to come, what has been.
constexpr std::array<PlaceName, jobs::kPlaces> kPlaces{{{Place::kStarted, "started"},
                                                        {Place::kQueued, "queued"},
                                                        {Place::kScheduled, "scheduled"},
                                                        {Place::kDeferred, "deferred"},
                                                        {Place::kFailed, "failed"},
                                                        {Place::kFinished, "finished"},
                                                        {Place::kCancelled, "canceled"}}};
constexpr std::size_t kPage = 1000;

std::string dumped(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

std::size_t count_in(const jobs::Counts& counts, Place place) {
  switch (place) {
    case Place::kDeferred:
      return counts.deferred;
    case Place::kScheduled:
      return counts.scheduled;
    case Place::kQueued:
      return counts.queued;
    case Place::kStarted:
      return counts.started;
    case Place::kFinished:
      return counts.finished;
    case Place::kFailed:
      return counts.failed;
    case Place::kCancelled:
      return counts.cancelled;
  }
  return 0;
}

// «cancelled» is a word, too; stopped and lost jobs stand among the failed.
Result<std::vector<PlaceName>> places_of(const std::string& state) {
  if (state.empty()) return std::vector<PlaceName>(kPlaces.begin(), kPlaces.end());
  const std::string wanted = state == "cancelled" ? "canceled" : state == "running" ? "started" : state;
  std::vector<std::string> names;
  for (const PlaceName& one : kPlaces) {
    if (one.name == wanted) return std::vector<PlaceName>{one};
    names.emplace_back(one.name);
  }
  const auto near = near_misses(wanted, names, 1);
  return usage_error("--state={}: there are {}{}", state, join(names, ", "),
                     near.empty() ? "" : "; did you mean " + near.front() + "?");
}

std::string queue_of(const JobsArguments& arguments) {
  if (!arguments.in.empty()) return arguments.in;
  return arguments.campaign.empty() ? "" : "run-" + arguments.campaign;
}

Result<std::vector<jobs::QueueName>> queues_of(JobQueue& queue, const JobsArguments& arguments) {
  std::vector<jobs::QueueName> names;
  const std::string wanted = queue_of(arguments);
  if (!arguments.in.empty() && !arguments.campaign.empty())
    return usage_error("--in and --campaign both say which queue: leave one of them out");
  SIMSWARM_TRY(const std::vector<jobs::QueueView> there, queue.queues());
  std::vector<std::string> near;
  for (const jobs::QueueView& one : there) {
    // A campaign may be named by the beginning of its id.
    const bool is_it =
        wanted.empty() || one.name.text == wanted || (!arguments.campaign.empty() && one.name.text.starts_with(wanted));
    if (is_it) names.push_back(one.name);
    near.push_back(one.name.text);
  }
  const auto exact = std::find(names.begin(), names.end(), jobs::QueueName{wanted});
  if (exact != names.end()) return std::vector<jobs::QueueName>{*exact};
  if (names.size() > 1 && !wanted.empty()) {
    return usage_error("--campaign={}: {} campaigns begin so, {} and {} among them", arguments.campaign, names.size(),
                       names[0].text.substr(4), names[1].text.substr(4));
  }
  if (!names.empty() || wanted.empty()) return names;
  const auto guesses = near_misses(wanted, near);
  return usage_error("there is no queue «{}»{}", wanted,
                     guesses.empty() ? "" : "; did you mean " + join(guesses, ", ") + "?");
}

// What others wrote: discarded where it is no JSON, or nested as if to overflow a stack.
json parsed(std::string_view text) {
  constexpr std::size_t kDeepest = 64;
  return json_depth(text) > kDeepest ? json(json::value_t::discarded) : json::parse(text, nullptr, false);
}

json progress_of(const JobView& job) {
  return job.progress.empty() ? json() : parsed(job.progress);
}

json json_of(const JobView& job) {
  json object{{"id", job.id.text},
              {"queue", job.queue.text},
              {"state", to_text(job.state)},
              {"description", job.description},
              {"attempt", job.attempt},
              {"lost", job.lost},
              {"lost_on", job.lost_on},
              {"stop_requested", job.stop_requested},
              {"retries_left", job.retries_left},
              {"worker", job.worker},
              {"node", job.node},
              {"created", job.created_at},
              {"enqueued", job.enqueued_at},
              {"started", job.started_at},
              {"ended", job.ended_at}};
  if (const json progress = progress_of(job); progress.is_object()) object["progress"] = progress;
  return object;
}

// «43% t=12.5s «last line»»
std::string describe_progress(const JobView& job) {
  const json progress = progress_of(job);
  if (!progress.is_object()) return job.description;
  std::vector<std::string> parts{job.description};
  const auto number = [&](const char* name) {
    const auto found = progress.find(name);
    return found != progress.end() && found->is_number() ? std::optional(found->get<double>()) : std::nullopt;
  };
  if (const auto fraction = number("fraction")) parts.push_back(fmt::format("{:.0f}%", *fraction * 100));
  if (const auto seconds = number("seconds")) parts.push_back(human_duration(*seconds));
  if (const auto line = progress.find("line"); line != progress.end() && line->is_string())
    parts.push_back(line->get<std::string>());
  return join(parts, "  ");
}

// What is left of «2026-11-22T16:29:01.123456Z».
std::string short_time(const std::string& stamp) {
  return stamp.size() < 19 ? stamp : replace_all(stamp.substr(5, 14), "T", " ");
}

std::string state_text(const JobView& job) {
  if (job.lost) return "lost";
  return job.stop_requested ? "stopping" : std::string(to_text(job.state));
}

std::string table_of(const std::vector<JobView>& list) {
  result::TextTable table({"job", "state", "attempt", "worker", "since (UTC)", "queue", ""});
  for (const JobView& job : list) {
    const std::string& since = !job.ended_at.empty() && job.state != jobs::State::kStarted     ? job.ended_at
                               : !job.started_at.empty() && job.state == jobs::State::kStarted ? job.started_at
                               : job.enqueued_at.empty()                                       ? job.created_at
                                                                                               : job.enqueued_at;
    table.add_row({job.id.text, state_text(job), job.attempt == 0 ? "" : std::to_string(job.attempt), job.worker,
                   short_time(since), job.queue.text, describe_progress(job)});
  }
  result::TextTable::Style style;
  style.width = stdout_is_terminal() ? terminal_size().columns : 0;
  return table.render(style);
}

// What others wrote, for a terminal.
std::string printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 32 || c == 127) c = '?';
  }
  return text;
}

// Without a queue or a state that was asked for: what there is.
Result<ExitCode> list_queues(JobQueue& queue, bool as_json) {
  SIMSWARM_TRY(const std::vector<jobs::QueueView> queues, queue.queues());
  SIMSWARM_TRY(const bool suspended, queue.is_suspended());
  json list = json::array();
  std::vector<std::string> header{"queue"};
  for (const PlaceName& one : kPlaces) header.emplace_back(one.name);
  header.insert(header.end(), {"priority", "campaign"});
  result::TextTable table(header);
  for (const jobs::QueueView& one : queues) {
    jobs::Counts counts;  // of a queue with a name that only RQ takes: what waits
    counts.queued = one.queued;
    if (jobs::check_queue(one.name)) {
      SIMSWARM_TRY(counts, queue.counts(one.name));
    }
    json object{{"queue", one.name.text}, {"campaign", one.campaign}, {"priority", one.priority}};
    std::vector<std::string> row{one.name.text};
    for (const PlaceName& place : kPlaces) {
      object[std::string(place.name)] = count_in(counts, place.place);
      row.push_back(std::to_string(count_in(counts, place.place)));
    }
    row.insert(row.end(), {std::to_string(one.priority), printable(one.campaign)});
    list.push_back(std::move(object));
    table.add_row(std::move(row));
  }
  if (as_json) return print(dumped({{"suspended", suspended}, {"queues", list}})), ExitCode::kOk;
  print(queues.empty() ? "no queues; put something in: simswarm runall --queue URL …, simswarm sweep --queue URL …\n"
                       : table.render());
  if (suspended) print("suspended: no worker takes a job until simswarm jobs resume\n");
  return ExitCode::kOk;
}

Result<ExitCode> list_jobs(JobQueue& queue, const JobsArguments& arguments) {
  SIMSWARM_TRY(const std::vector<PlaceName> places, places_of(arguments.state));
  if (queue_of(arguments).empty() && arguments.state.empty()) return list_queues(queue, arguments.json);
  SIMSWARM_TRY(const std::vector<jobs::QueueName> queues, queues_of(queue, arguments));
  constexpr int kUsual = 50;
  if (arguments.most && *arguments.most < 1) return usage_error("-n {}: at least one job", *arguments.most);
  if (arguments.offset && *arguments.offset < 0) return usage_error("--offset={}: 0 or more", *arguments.offset);
  auto skip = static_cast<std::size_t>(arguments.offset.value_or(0));
  const auto most = static_cast<std::size_t>(arguments.most.value_or(kUsual));
  std::size_t total = 0;
  std::vector<JobView> found;
  for (const jobs::QueueName& name : queues) {
    for (const PlaceName& place : places) {
      SIMSWARM_TRY(jobs::Page page, queue.list(name, place.place, skip, most - found.size()));
      total += page.total;
      skip -= std::min(skip, page.total);
      std::move(page.jobs.begin(), page.jobs.end(), std::back_inserter(found));
    }
  }
  if (arguments.json) {
    json list = json::array();
    for (const JobView& job : found) list.push_back(json_of(job));
    return print(dumped({{"total", total}, {"jobs", list}})), ExitCode::kOk;
  }
  print(found.empty() ? "none\n" : table_of(found));
  if (found.size() < total) print(fmt::format("{} of {}; --offset and -n show others\n", found.size(), total));
  return ExitCode::kOk;
}

Result<jobs::JobDetails> details_of(JobQueue& queue, const std::string& id) {
  SIMSWARM_CHECK(jobs::check_id({id}));
  SIMSWARM_TRY(std::optional<jobs::JobDetails> found, queue.find({id}));
  if (!found) return usage_error("there is no job «{}» (any more)", id);
  return std::move(*found);
}

Result<ExitCode> show(JobQueue& queue, const JobsArguments& arguments) {
  json list = json::array();
  for (const std::string& id : arguments.ids) {
    SIMSWARM_TRY(const jobs::JobDetails details, details_of(queue, id));
    const JobView& job = details.job;
    json object = json_of(job);
    object["payload"] = parsed(details.payload);
    if (object["payload"].is_discarded()) object["payload"] = details.payload;
    json parents = json::array();
    for (const jobs::JobId& parent : details.depends_on) parents.push_back(parent.text);
    object["depends_on"] = parents;
    json result = details.result.empty() ? json() : parsed(details.result);
    if (!result.is_discarded()) object["result"] = result;
    if (!details.message.empty()) object["message"] = details.message;
    if (arguments.json) {
      list.push_back(std::move(object));
      continue;
    }
    for (const auto& [name, value] : object.items()) {
      if (value.empty() || (value.is_string() && value.get_ref<const std::string&>().empty())) continue;
      const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
      print(fmt::format("{:<15} {}\n", name, replace_all(std::string(trim(text)), "\n", fmt::format("\n{:16}", ""))));
    }
    print("\n");
  }
  if (arguments.json) print(dumped({{"jobs", list}}));
  return ExitCode::kOk;
}

std::string text_in(const json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Result<ExitCode> log_of(JobQueue& queue, const JobsArguments& arguments) {
  for (const std::string& id : arguments.ids) {
    SIMSWARM_TRY(const jobs::JobDetails details, details_of(queue, id));
    const JobView& job = details.job;
    const json result = details.result.empty() ? json() : parsed(details.result);
    std::string text = details.message;
    text += text_in(result, "output") + text_in(result, "errors") + text_in(progress_of(job), "line");
    if (arguments.json) {
      print(dumped({{"id", id}, {"state", to_text(job.state)}, {"attempt", job.attempt}, {"log", text}}));
      continue;
    }
    if (text.empty()) text = fmt::format("{} is {}: it has left no word", id, state_text(job));
    print(text.ends_with('\n') ? text : text + "\n");
  }
  return ExitCode::kOk;
}

using Change = Result<Answer> (*)(JobQueue&, const jobs::JobId&);

struct Changing {
  std::string_view action;
  Change change;
  std::string_view done;
  std::string_view refused;
  std::vector<Place> places;  // where --campaign, --in and --state look for jobs of it
};

std::vector<Changing> changings() {
  return {{"requeue",
           [](JobQueue& queue, const jobs::JobId& id) { return queue.requeue(id); },
           "queued again",
           "has not failed, nor was it cancelled",
           {Place::kFailed, Place::kCancelled}},
          {"cancel",
           [](JobQueue& queue, const jobs::JobId& id) { return queue.cancel(id); },
           "cancelled",
           "has ended",
           {Place::kStarted, Place::kQueued, Place::kScheduled, Place::kDeferred}},
          {"stop",
           [](JobQueue& queue, const jobs::JobId& id) { return queue.request_stop(id); },
           "asked to stop",
           "is not started",
           {Place::kStarted}},
          {"delete",
           [](JobQueue& queue, const jobs::JobId& id) { return queue.remove(id); },
           "deleted",
           "is started, or others wait for it",
           {Place::kQueued, Place::kScheduled, Place::kDeferred, Place::kFailed, Place::kFinished, Place::kCancelled}}};
}

// All jobs of a place; what is changed leaves it, what is not is passed over.
Status each_in(JobQueue& queue, const jobs::QueueName& name, Place place,
               const std::function<Result<bool>(const jobs::JobId&)>& change) {
  std::size_t passed = 0;
  while (true) {
    SIMSWARM_TRY(const jobs::Page page, queue.list(name, place, passed, kPage));
    if (passed >= page.total || (page.jobs.empty() && passed + kPage >= page.total)) return {};
    if (page.jobs.empty()) passed += kPage;  // all of them have just expired
    for (const JobView& job : page.jobs) {
      SIMSWARM_TRY(const bool left, change(job.id));
      passed += left ? 0 : 1;
    }
  }
}

Result<ExitCode> change(JobQueue& queue, const JobsArguments& arguments, const Changing& what) {
  std::size_t done = 0;
  json answers = json::object();
  std::vector<std::string> refused;
  const auto one = [&](const jobs::JobId& id) -> Result<bool> {
    SIMSWARM_CHECK(jobs::check_id(id));
    SIMSWARM_TRY(const Answer answer, what.change(queue, id));
    const bool good = answer == Answer::kDone || answer == Answer::kAlready;
    done += good ? 1 : 0;
    if (!arguments.ids.empty()) answers[id.text] = good;
    if (!good && !arguments.ids.empty()) {
      refused.push_back(answer == Answer::kGone ? fmt::format("there is no job {}", id.text)
                                                : fmt::format("{} {}", id.text, what.refused));
    }
    return answer == Answer::kDone;
  };
  for (const std::string& id : arguments.ids) SIMSWARM_CHECK(one({id}));
  if (arguments.ids.empty()) {
    if (queue_of(arguments).empty())
      return usage_error("jobs {}: which? Name jobs, or all of a queue by --in or --campaign", what.action);
    SIMSWARM_TRY(const std::vector<jobs::QueueName> queues, queues_of(queue, arguments));
    SIMSWARM_TRY(const std::vector<PlaceName> places, places_of(arguments.state));
    for (const jobs::QueueName& name : queues) {
      for (const PlaceName& place : places) {
        const bool applies = std::find(what.places.begin(), what.places.end(), place.place) != what.places.end();
        if (!applies) continue;
        if (place.place == Place::kQueued && what.action == "cancel") {
          SIMSWARM_TRY(const std::size_t cancelled, queue.cancel_waiting(name));
          done += cancelled;
        } else if (place.place == Place::kQueued && what.action == "delete") {
          SIMSWARM_TRY(const jobs::Emptied emptied, queue.empty(name));
          done += emptied.removed;
        } else if (what.action == "stop") {
          // They stay where they are until their workers have ended them.
          const auto stays = [&](const jobs::JobId& id) -> Result<bool> {
            SIMSWARM_CHECK(one(id));
            return false;
          };
          SIMSWARM_CHECK(each_in(queue, name, place.place, stays));
        } else {
          SIMSWARM_CHECK(each_in(queue, name, place.place, one));
        }
      }
    }
  }
  if (arguments.json) {
    print(dumped({{"action", what.action}, {"done", done}, {"jobs", answers}}));
  } else {
    print(fmt::format("{} job{} {}\n", done, done == 1 ? "" : "s", what.done));
  }
  if (refused.empty()) return ExitCode::kOk;
  return usage_error("{}", join(refused, "; "));
}

Result<ExitCode> empty(JobQueue& queue, const JobsArguments& arguments) {
  std::vector<std::string> names = arguments.ids;
  if (const std::string in = queue_of(arguments); !in.empty()) names.push_back(in);
  if (names.empty()) return usage_error("jobs empty: which queue? (--in NAME)");
  jobs::Emptied all;
  for (const std::string& name : names) {
    SIMSWARM_TRY(const jobs::Emptied emptied, queue.empty({name}));
    all.removed += emptied.removed;
    all.kept += emptied.kept;
  }
  if (arguments.json) return print(dumped({{"removed", all.removed}, {"kept", all.kept}})), ExitCode::kOk;
  print(fmt::format("{} waiting jobs deleted{}\n", all.removed,
                    all.kept == 0 ? "" : fmt::format("; {} stay, others wait for them", all.kept)));
  return ExitCode::kOk;
}

// «jobs priority 3 --in QUEUE»
Result<ExitCode> prioritize(JobQueue& queue, const JobsArguments& arguments) {
  const auto priority = arguments.ids.size() == 1 ? parse_int(arguments.ids.front()) : std::nullopt;
  if (!priority || std::abs(*priority) > jobs::kMostPriority) {
    return usage_error("jobs priority {}: expected one number from {} (last) to {} (first); 0 is the usual",
                       join(arguments.ids, " "), -jobs::kMostPriority, jobs::kMostPriority);
  }
  if (queue_of(arguments).empty())
    return usage_error("jobs priority {}: of which queue? (--in, --campaign)", *priority);
  SIMSWARM_TRY(const std::vector<jobs::QueueName> queues, queues_of(queue, arguments));
  const jobs::QueueName& name = queues.front();
  SIMSWARM_CHECK(queue.describe(name, {std::nullopt, static_cast<int>(*priority)}));
  const double weight = jobs::weight_of(static_cast<int>(*priority));
  print(arguments.json
            ? dumped({{"queue", name.text}, {"priority", *priority}, {"weight", weight}})
            : fmt::format("{} has priority {}: {:.3g} times the share of a usual one\n", name.text, *priority, weight));
  return ExitCode::kOk;
}

Result<ExitCode> suspend(JobQueue& queue, bool suspended, bool as_json) {
  SIMSWARM_CHECK(suspended ? queue.suspend() : queue.resume());
  print(as_json     ? dumped({{"suspended", suspended}})
        : suspended ? "suspended: no worker takes a job until simswarm jobs resume; what runs goes on\n"
                    : "resumed\n");
  return ExitCode::kOk;
}

}  // namespace

Result<ExitCode> jobs_command(const JobsArguments& arguments) {
  const std::string& action = arguments.action;
  const bool wants_ids = action == "show" || action == "log";
  if (wants_ids && arguments.ids.empty()) return usage_error("jobs {}: which job?", action);
  const std::vector<Changing> all = changings();
  const auto changing = std::find_if(all.begin(), all.end(), [&](const Changing& one) { return one.action == action; });
  std::vector<std::string> names{"list", "show", "log", "priority", "empty", "suspend", "resume"};
  for (const Changing& one : all) names.emplace_back(one.action);
  if (std::find(names.begin(), names.end(), action) == names.end()) {
    const auto near = near_misses(action, names, 1);
    return usage_error("jobs {}: there are {}{}", action, join(names, ", "),
                       near.empty() ? "" : "; did you mean " + near.front() + "?");
  }
  SIMSWARM_TRY(const std::string url, queue_url(arguments.queue));
  SIMSWARM_TRY(const auto queue, jobs::open_job_queue(url));
  if (changing != all.end()) return change(*queue, arguments, *changing);
  if (action == "list") return list_jobs(*queue, arguments);
  if (action == "show") return show(*queue, arguments);
  if (action == "log") return log_of(*queue, arguments);
  if (action == "empty") return empty(*queue, arguments);
  if (action == "priority") return prioritize(*queue, arguments);
  return suspend(*queue, action == "suspend", arguments.json);
}

}  // namespace simswarm::cli
