// A campaign's runs as one: its map, lists of them, who ran what when, how long it took.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "base/text.h"
#include "view/campaign_query.h"
#include "web/dashboard.h"
#include "web/encoded.h"
#include "web/json_of.h"

namespace simswarm::web {
namespace {

using view::CampaignModel;
using view::Cell;

constexpr std::size_t kMostBars = 20'000;
constexpr std::size_t kMostSearched = 200;  // bytes
constexpr std::size_t kBins = 40;

double now_seconds() {
  return Seconds(system_clock().stamp().time_since_epoch()).count();
}

// What is known of the campaign, with the lock that it needs.
template <typename Make>
std::optional<Response> with_campaign(const Desk& desk, const Call& call, const Make& make) {
  const Found found = find_campaign(desk, call);
  if (!found.campaign) return found.instead;
  const auto picture = desk.watch->picture();
  const std::lock_guard lock(found.campaign->mutex);
  Json object;
  add_age(object, *picture);
  if (!found.campaign->is_whole) {
    object["trouble"].push_back({{"what", "this campaign is still being read: numbers grow"},
                                 {"todo", ""},
                                 {"since", nullptr},
                                 {"level", "warning"}});
  }
  return make(*found.campaign, *picture, std::move(object));
}

Json axes_json(const CampaignModel& model) {
  Json list = Json::array();
  for (const view::Axis& axis : model.axes()) list.push_back({{"name", axis.name}, {"values", axis.values}});
  return list;
}

// As the model has it: where the queue's counts are of several campaigns, or of none any more, they tell nothing.
void count_cells(const CampaignModel& model, view::CampaignRow& row) {
  row.waiting = model.count(Cell::kWaiting);
  row.running = model.count(Cell::kRunning);
  row.finished = model.count(Cell::kCompleted) + model.count(Cell::kKnown);
  row.cancelled = model.count(Cell::kCancelled);
  row.failed = 0;
  for (std::size_t i = 0; i < view::kCells; ++i) {
    if (view::has_failed(static_cast<Cell>(i))) row.failed += model.count(static_cast<Cell>(i));
  }
  if (row.state == "unknown" && row.failed > 0) row.state = "failed";
  if (row.state == "unknown" && row.finished == row.runs) row.state = "done";
}

view::CampaignRow row_of(const view::Followed& campaign, const view::Picture& picture) {
  const auto known = std::ranges::find(picture.campaigns, campaign.record.id, &view::CampaignRow::id);
  view::CampaignRow row;
  if (known != picture.campaigns.end()) {
    row = *known;
  } else {
    row.id = campaign.record.id;
    row.name = campaign.record.name;
    row.queue = campaign.record.queue;
    row.host = campaign.record.host;
    row.created = campaign.record.created;
    row.state = "unknown";
  }
  row.runs = campaign.model.size();
  count_cells(campaign.model, row);
  return row;
}

// The plan tells how the first run is begun: without what simswarm itself puts in for it.
std::string command_of(const view::Followed& campaign) {
  std::vector<std::string> words = campaign.command;
  const bool has_number = words.size() > 2 && words[words.size() - 2] == "-r";
  if (!has_number) return shell_line(words);
  words.resize(words.size() - 2);
  std::erase_if(words, [](const std::string& word) {
    const bool is_file = word.starts_with("--") && word.find("-file=") != std::string::npos;
    return is_file || word == "-s" || word.starts_with("--cmdenv-redirect-output=");
  });
  const std::vector<std::string> cmdenv{"-u", "Cmdenv"};
  const auto found = std::search(words.begin(), words.end(), cmdenv.begin(), cmdenv.end());
  if (found != words.end()) words.erase(found, found + 2);
  return "simswarm runall -- " + shell_line(words);
}

Response campaign(const view::Followed& campaign, const view::Picture& picture, Json object) {
  const CampaignModel& model = campaign.model;
  object["campaign"] = json_of(row_of(campaign, picture));
  object["outcomes"] = Json::object();
  for (std::size_t i = 0; i < view::kCells; ++i) {
    const auto cell = static_cast<Cell>(i);
    if (model.count(cell) > 0) object["outcomes"][std::string(view::to_text(cell))] = model.count(cell);
  }
  object["variables"] = axes_json(model);
  object["configs"] = model.configs();
  std::size_t repetitions = 0;
  double seconds = 0;
  for (std::size_t i = 0; i < model.size(); ++i) {
    repetitions = std::max<std::size_t>(repetitions, model.repetition(i) + std::size_t{1});
    if (model.facts(i).cell != Cell::kKnown) seconds += static_cast<double>(model.facts(i).seconds);
  }
  object["repetitions"] = repetitions;
  object["wall_seconds"] = seconds;
  object["command"] = command_of(campaign);
  object["simulator"] = campaign.simulator;
  object["stamp"] = model.stamp();
  object["whole"] = campaign.is_whole;
  return json_response(dumped(std::move(object)));
}

// Nothing is known of its runs.
std::optional<Response> unplanned(const Desk& desk, const Call& call) {
  const auto picture = desk.watch->picture();
  const auto row = std::ranges::find(picture->campaigns, call.parts.at(0), &view::CampaignRow::id);
  if (row == picture->campaigns.end() || row->is_planned) return std::nullopt;
  Json object{{"campaign", json_of(*row)},
              {"outcomes", Json::object()},
              {"variables", Json::array()},
              {"configs", Json::array()},
              {"repetitions", 0},
              {"wall_seconds", 0},
              {"command", ""},
              {"simulator", ""},
              {"stamp", 0},
              {"whole", false}};
  add_age(object, *picture);
  return json_response(dumped(std::move(object)));
}

void add_whole_map(const CampaignModel& model, Json& object) {
  const std::size_t runs = model.size();
  std::vector<std::uint16_t> numbers(runs);
  const auto encoded = [&](const auto& number_of) {
    for (std::size_t i = 0; i < runs; ++i) numbers[i] = static_cast<std::uint16_t>(number_of(i));
    return encoded_numbers(numbers);
  };
  object["runs"] = runs;
  object["configs"] = model.configs();
  object["variables"] = axes_json(model);
  object["config"] = encoded([&](std::size_t i) { return model.config_index(i); });
  object["repetition"] = encoded([&](std::size_t i) { return model.repetition(i); });
  object["values"] = Json::array();
  for (std::size_t axis = 0; axis < model.axes().size(); ++axis)
    object["values"].push_back(encoded([&](std::size_t i) { return model.value_index(axis, i); }));
  std::string states(runs, '\0');
  for (std::size_t i = 0; i < runs; ++i) states[i] = static_cast<char>(model.facts(i).cell);
  object["states"] = base64_encoded(states);
}

std::optional<Response> map(const Call& call, const view::Followed& campaign, Json object) {
  const CampaignModel& model = campaign.model;
  object["stamp"] = model.stamp();
  object["whole"] = campaign.is_whole;
  const auto since = number_in(call, "since", 0, std::size_t{1} << 53U);
  if (!since) return bad_request(call, "since is to be a stamp that was answered before");
  const auto changed = *since > 0 ? model.changed_since(*since) : std::nullopt;
  if (changed) {
    object["changes"] = Json::array();
    for (const std::size_t position : *changed)
      object["changes"].push_back({position, static_cast<int>(model.facts(position).cell)});
  } else {
    add_whole_map(model, object);
  }
  return json_response(dumped(std::move(object)));
}

Json run_json(const view::Followed& campaign, std::size_t position) {
  const CampaignModel& model = campaign.model;
  const view::Facts& facts = model.facts(position);
  const auto message = campaign.messages.find(position);
  const view::Place& place = model.place(facts.place);
  const bool has_time = facts.seconds > 0;
  return {{"position", position},
          {"name", long_name(model.run(position))},
          {"state", view::to_text(facts.cell)},
          {"outcome", view::to_text(facts.cell)},
          {"attempts", facts.attempt},
          {"seconds", has_time ? Json(static_cast<double>(facts.seconds)) : Json()},
          {"memory", facts.memory > 0 ? Json(facts.memory) : Json()},
          {"worker", place.worker},
          {"host", place.host},
          {"started", moment_json(facts.started)},
          {"ended", moment_json(facts.ended)},
          {"message", message == campaign.messages.end() ? Json() : Json(message->second)}};
}

std::optional<view::RunOrder> order_from(const std::string& word) {
  if (word.empty() || word == "position") return view::RunOrder::kPosition;
  if (word == "seconds") return view::RunOrder::kSeconds;
  if (word == "memory") return view::RunOrder::kMemory;
  if (word == "started") return view::RunOrder::kStarted;
  return std::nullopt;
}

// «$load=3», «repetition=2», «config=Study»; what is wrong with it, or nothing.
std::optional<std::string> add_where(std::string_view text, const CampaignModel& model, view::RunFilter& filter) {
  const std::size_t equals = text.find('=');
  const std::string name(text.substr(0, equals));
  const std::string value(equals == std::string_view::npos ? "" : text.substr(equals + 1));
  if (name == "repetition") {
    const auto number = parse_int(value);
    if (!number || *number < 0 || *number > 65'535) return fmt::format("there is no repetition «{}»", value);
    filter.repetitions.push_back(static_cast<std::uint16_t>(*number));
    return std::nullopt;
  }
  const auto index_in = [&](const std::vector<std::string>& values) {
    return static_cast<std::size_t>(std::ranges::find(values, value) - values.begin());
  };
  if (name == "config") {
    filter.configs.push_back(index_in(model.configs()));  // of one that is not there: no run
    return std::nullopt;
  }
  for (std::size_t axis = 0; axis < model.axes().size(); ++axis) {
    if (name != "$" + model.axes()[axis].name) continue;
    const std::size_t index = index_in(model.axes()[axis].values);
    if (index == model.axes()[axis].values.size()) return fmt::format("{} never is «{}»", name, value);
    filter.values.emplace_back(axis, static_cast<std::uint16_t>(index));
    return std::nullopt;
  }
  return fmt::format("there is no iteration variable «{}»", name);
}

// What is wrong with the words of a call, or nothing.
std::optional<std::string> read_filter(const Call& call, const CampaignModel& model, view::RunFilter& filter) {
  const std::string states = call.query("state");
  for (const std::string_view word : split(states, ',')) {
    if (word.empty() || word == "all") continue;
    const auto cell = view::cell_from(word);
    if (!cell) return fmt::format("there is no state «{}»", word);
    filter.cells.push_back(*cell);
  }
  filter.search = call.query("search").substr(0, kMostSearched);
  const auto order = order_from(call.query("sort"));
  if (!order) return fmt::format("runs are not sorted by «{}»", call.query("sort"));
  filter.order = *order;
  filter.descending = call.query("order") == "desc";
  for (const std::string& text : form_values(call.request.query, "where")) {
    if (auto wrong = add_where(text, model, filter)) return wrong;
  }
  return std::nullopt;
}

std::optional<Response> runs(const Call& call, const view::Followed& campaign, Json object) {
  const auto offset = number_in(call, "offset", 0, 100'000'000);
  const auto most = number_in(call, "most", 100, 1000);
  if (!offset || !most) return bad_request(call, "offset and most are to be numbers, most up to 1000");
  view::RunFilter filter;
  if (const auto wrong = read_filter(call, campaign.model, filter)) return bad_request(call, *wrong);
  const std::vector<std::size_t> positions = view::select(campaign.model, filter);
  object["total"] = campaign.model.size();
  object["matching"] = positions.size();
  object["runs"] = Json::array();
  for (std::size_t i = *offset; i < positions.size() && i - *offset < *most; ++i)
    object["runs"].push_back(run_json(campaign, positions[i]));
  return json_response(dumped(std::move(object)));
}

std::optional<Response> timeline(const Call& call, const view::Followed& campaign, Json object) {
  const auto from = parse_double(call.query("from").empty() ? "0" : call.query("from"));
  const auto to = parse_double(call.query("to").empty() ? "0" : call.query("to"));
  if (!from || !to) return bad_request(call, "from and to are to be seconds since the campaign's beginning");
  const double now = now_seconds();
  view::Timeline all = view::timeline(campaign.model, now, 0, 0, 1);
  const double begin = all.begin;
  all = view::timeline(campaign.model, now, begin + *from, *to > 0 ? begin + *to : 0, kMostBars);
  const auto& model = campaign.model;
  object["begin"] = moment_json(all.begin);
  object["end"] = moment_json(all.end);
  object["now"] = moment_json(now);
  object["lanes"] = Json::array();
  for (const std::uint32_t place : all.lanes)
    object["lanes"].push_back({{"host", model.place(place).host}, {"worker", model.place(place).worker}});
  object["bars"] = Json::array();
  for (const view::Bar& bar : all.bars) {
    object["bars"].push_back({bar.lane, bar.start - begin, bar.end ? Json(*bar.end - begin) : Json(),
                              static_cast<int>(bar.cell), bar.position});
  }
  const double span = (all.end - all.begin) * static_cast<double>(all.lanes.size());
  object["utilisation"] = span > 0 ? Json(all.busy / span) : Json();
  object["cut"] = all.cut;
  return json_response(dumped(std::move(object)));
}

Json histogram_json(const CampaignModel& model, view::Measure measure) {
  const view::Histogram all = view::histogram(model, measure, kBins);
  Json counts = Json::object();
  for (std::size_t i = 0; i < view::kCells; ++i) {
    if (!all.counts.at(i).empty()) counts[std::string(view::to_text(static_cast<Cell>(i)))] = all.counts.at(i);
  }
  return {{"edges", all.edges}, {"counts", counts}, {"median", all.median}, {"p95", all.p95}, {"most", all.most}};
}

std::optional<Response> cancel(const Desk& desk, const Call& call) {
  const Json body = foreign_json(call.request.body);
  if (!body.is_object() || body.value("action", Json()) != "cancel")
    return bad_request(call, "action is to be «cancel»");
  const std::string id = call.parts.at(0);
  return desk.at_store->once(std::to_string(call.request.number), [&desk, id, who = call.who]() -> Response {
    const auto done = desk.cancel(id);
    if (!done) return response_of(done.error());
    desk.say(fmt::format("{}: cancelled campaign {}: {} waiting, {} running", who, id, done->waiting, done->running));
    desk.at_queue->forget();
    desk.watch->look_now();
    return json_response(dumped({{"waiting", done->waiting}, {"running", done->running}}));
  });
}

}  // namespace

std::vector<Route> campaign_routes(const Desk& desk) {
  const auto get = [&desk](const std::string& path, auto make) {
    return Route{"GET", "/api/v1/campaigns/*" + path, [&desk, make](const Call& call) {
                   return with_campaign(
                       desk, call, [&](const view::Followed& campaign, const view::Picture& picture, Json object) {
                         return std::optional<Response>(make(call, campaign, picture, std::move(object)));
                       });
                 }};
  };
  std::vector<Route> routes{
      {"GET", "/api/v1/campaigns/*",
       [&desk](const Call& call) {
         auto early = unplanned(desk, call);
         if (early) return early;
         return with_campaign(desk, call, [](const auto& one, const auto& picture, Json object) {
           return std::optional<Response>(campaign(one, picture, std::move(object)));
         });
       }},
      get("/map", [](const Call& call, const auto& one, const auto&,
                     Json object) { return map(call, one, std::move(object)); }),
      get("/runs", [](const Call& call, const auto& one, const auto&,
                      Json object) { return runs(call, one, std::move(object)); }),
      get("/timeline", [](const Call& call, const auto& one, const auto&,
                          Json object) { return timeline(call, one, std::move(object)); }),
      get("/distributions",
          [](const Call&, const auto& one, const auto&, Json object) {
            object["seconds"] = histogram_json(one.model, view::Measure::kSeconds);
            object["memory"] = histogram_json(one.model, view::Measure::kMemory);
            return json_response(dumped(std::move(object)));
          }),
  };
  if (desk.at_store != nullptr && desk.cancel)
    routes.push_back({"POST", "/api/v1/campaigns/*", [&desk](const Call& call) { return cancel(desk, call); }});
  return routes;
}

}  // namespace simswarm::web
