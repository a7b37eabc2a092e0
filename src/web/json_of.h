// What is known, as JSON of the API: web/openapi.json.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "queue/job_queue.h"
#include "store/records.h"
#include "view/campaign_model.h"
#include "view/picture.h"

namespace simswarm::web {

using Json = nlohmann::json;

[[nodiscard]] Json json_of(const jobs::Counts& counts);
[[nodiscard]] Json json_of(const jobs::WorkerView& view);
[[nodiscard]] Json json_of(const jobs::JobView& job);
// The same as a text, with what it failed of: lists are long, and this is ten times as fast.
void append_json(std::string& text, const jobs::JobView& job, const std::string& error);
[[nodiscard]] Json json_of(const view::BuildProgress& build);
[[nodiscard]] Json json_of(const view::CampaignRow& row);
[[nodiscard]] Json json_of(const std::vector<view::Trouble>& troubles);
[[nodiscard]] Json json_of(const store::AttemptRecord& record);
[[nodiscard]] Json json_of(const store::BuildRecord& record);

// What others wrote: null where it is no JSON, or nested as if to overflow a stack.
[[nodiscard]] Json foreign_json(std::string_view text);
// With marks where it is no UTF-8.
[[nodiscard]] std::string good_utf8(const std::string& text);
// Null for the epoch.
[[nodiscard]] Json json_of(Stamp stamp);
// Of seconds since 1970; null for 0.
[[nodiscard]] Json moment_json(double seconds);

// A whole answer of two objects: what is put before, and the text of another one, which is not read.
[[nodiscard]] std::string joined(Json before, std::string_view text);

// A whole answer: with its version. Text that is no UTF-8 gets marks where it is not.
[[nodiscard]] std::string dumped(Json object);

}  // namespace simswarm::web
