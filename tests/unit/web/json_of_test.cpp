#include "web/json_of.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace simswarm::web {
namespace {

std::string text_of(const jobs::JobView& job, const std::string& error) {
  std::string text;
  append_json(text, job, error);
  return text;
}

// What the parser reads of it is what the library would have written, with the error.
void expect_equal(const jobs::JobView& job, const std::string& error) {
  Json wanted = json_of(job);
  wanted["error"] = error.empty() ? Json() : Json(error);
  const std::string text = wanted.dump(-1, ' ', false, Json::error_handler_t::replace);
  EXPECT_EQ(Json::parse(text_of(job, error)), Json::parse(text));
}

TEST(JobsAsText, AreTheSameAsObjects) {
  jobs::JobView job;
  expect_equal(job, "");
  job.id = {"01A-7"};
  job.queue = {"run-01A"};
  job.state = jobs::State::kFailed;
  job.description = "Study#7";
  job.attempt = 3;
  job.lost_on = {"lab1", "lab2"};
  job.stop_requested = true;
  job.retries_left = -1;
  job.started_at = "2026-11-30T00:00:00.000000Z";
  job.progress = R"({"seconds":1.5,"line":"a \"b\""})";
  expect_equal(job, "model_error: no");
}

TEST(JobsAsText, AreGoodWhateverOthersWrote) {
  for (const std::string& hostile :
       {std::string("<b>\"\\\n\r\t\x01\x7f"), std::string("\xff\xc0\x80"), std::string("a\0b", 3),
        std::string("\xe2\x80\xaeright to left"), std::string(1'000'000, 'x')}) {
    jobs::JobView job;
    job.id.text = job.queue.text = job.description = job.worker = job.node = job.created_at = hostile;
    job.lost_on = {hostile};
    job.progress = hostile;
    expect_equal(job, hostile);
  }
}

}  // namespace
}  // namespace simswarm::web
