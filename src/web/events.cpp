#include "web/events.h"

#include <nlohmann/json.hpp>

namespace simswarm::web {

void Events::note(const Topics& topics, double age, const std::string& trouble) {
  const Monotonic now = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex_);
  Topics changed;
  for (const auto& [name, version] : topics) {
    const auto told = told_.find(name);
    if (told == told_.end() || told->second != version) changed[name] = version;
  }
  const bool is_other = !changed.empty() || trouble != trouble_;
  topics_ = topics;
  age_ = age;
  const auto since = now - said_at_;
  // What is held back now differs the next time, too.
  if (since < kPace || (!is_other && since < kRest)) return;
  trouble_ = trouble;
  told_ = topics;
  said_at_ = now;
  // Now and then all of it: for who came between two.
  server_.publish(text(is_other ? changed : topics, age, trouble));
}

Response Events::begin() const {
  const std::lock_guard lock(mutex_);
  Response response;
  response.type = "text/event-stream";
  response.is_stream = true;
  response.body = "retry: 2000\n\n" + text(topics_, age_, trouble_);
  return response;
}

std::string Events::text(const Topics& topics, double age, const std::string& trouble) {
  nlohmann::json names = nlohmann::json::object();
  for (const auto& [name, version] : topics) names[name] = version;
  return fmt::format("event: change\ndata: {{\"topics\":{},\"age\":{:.1f},\"trouble\":{}}}\n\n",
                     names.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), age, trouble);
}

}  // namespace simswarm::web
