// What runs have measured, over an iteration variable.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "base/text.h"
#include "web/dashboard.h"
#include "web/json_of.h"

namespace simswarm::web {
namespace {

constexpr std::size_t kMostNames = 500;
constexpr std::size_t kMostText = 300;  // bytes

std::size_t complete_in(const view::CampaignModel& model) {
  return model.count(view::Cell::kCompleted) + model.count(view::Cell::kKnown);
}

// What has been read by now, with both locks.
template <typename Make>
std::optional<Response> with_values(const Desk& desk, const Call& call, const Make& make) {
  const Found found = find_campaign(desk, call);
  if (!found.campaign) return found.instead;
  const std::shared_ptr<view::ReadValues> read = desk.values->of(found.campaign);
  const auto picture = desk.watch->picture();
  const std::scoped_lock lock(found.campaign->mutex, read->mutex);
  Json object;
  add_age(object, *picture);
  if (!read->trouble.empty())
    object["trouble"].push_back({{"what", read->trouble}, {"todo", ""}, {"since", nullptr}, {"level", "error"}});
  object["read"] = read->values.read();
  object["runs"] = complete_in(found.campaign->model);
  return make(found.campaign->model, read->values, std::move(object));
}

Response scalars(const Call& call, const view::Values& values, Json object) {
  const auto names = values.names(call.query("search").substr(0, kMostText));
  object["total"] = names.size();
  object["left_out"] = values.left_out();
  object["scalars"] = Json::array();
  for (const view::ScalarName& one : names) {
    if (object["scalars"].size() == kMostNames) break;
    object["scalars"].push_back({{"name", one.name}, {"module", one.module}, {"unit", one.unit}, {"runs", one.runs}});
  }
  return json_response(dumped(std::move(object)));
}

Json points_json(const result::Series& series) {
  Json points = Json::array();
  for (const result::Point& point : series.points) {
    points.push_back({{"x", point.x},
                      {"mean", point.mean},
                      {"half", point.half_width ? Json(*point.half_width) : Json()},
                      {"n", point.n}});
  }
  return points;
}

Response series(const Call& call, const view::CampaignModel& model, const view::Values& values, Json object) {
  const std::string name = call.query("name");
  if (name.empty()) return bad_request(call, "name is to be a scalar's");
  std::string x = call.query("x");
  if (x.empty() && !model.axes().empty()) x = model.axes().front().name;
  if (x.empty()) return bad_request(call, "this campaign has no iteration variable to plot over");
  std::vector<std::string> by;
  const std::string names = call.query("by");
  for (const std::string_view one : split(names, ',')) {
    if (!one.empty()) by.emplace_back(one);
  }
  const auto set = values.series(model, call.query("module"), name, x, by);
  if (!set) return bad_request(call, set.error().message);
  object["x"] = x;
  object["unit"] = values.unit_of(name);
  object["x_unit"] = set->x_unit;
  object["categories"] = set->categories;
  object["series"] = Json::array();
  for (const result::Series& one : set->series)
    object["series"].push_back({{"label", one.label}, {"points", points_json(one)}});
  return json_response(dumped(std::move(object)));
}

}  // namespace

std::vector<Route> value_routes(const Desk& desk) {
  if (desk.values == nullptr) return {};
  return {{"GET", "/api/v1/campaigns/*/scalars",
           [&desk](const Call& call) {
             return with_values(desk, call, [&](const auto&, const view::Values& values, Json object) {
               return std::optional<Response>(scalars(call, values, std::move(object)));
             });
           }},
          {"GET", "/api/v1/campaigns/*/series", [&desk](const Call& call) {
             return with_values(desk, call, [&](const auto& model, const view::Values& values, Json object) {
               return std::optional<Response>(series(call, model, values, std::move(object)));
             });
           }}};
}

}  // namespace simswarm::web
