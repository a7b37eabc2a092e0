// simswarm health: whether a service that shows pages lives.
#include "base/text.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "engine/http_get.h"

namespace simswarm::cli {
namespace {

constexpr std::chrono::milliseconds kTimeout{3'000};
constexpr std::size_t kMostBytes = 4096;
constexpr int kOk = 200;

}  // namespace

Result<ExitCode> health_command(const HealthArguments& arguments) {
  SIMSWARM_TRY(const engine::Endpoint endpoint, engine::parse_endpoint(arguments.url));
  const auto answer = engine::http_get(endpoint, "/healthz", {.timeout = kTimeout, .most_bytes = kMostBytes});
  if (!answer) return environment_error("not healthy: {}", answer.error().message);
  if (answer->status != kOk) return environment_error("not healthy: {}: status {}", endpoint.shown(), answer->status);
  print("healthy\n");
  return ExitCode::kOk;
}

}  // namespace simswarm::cli
