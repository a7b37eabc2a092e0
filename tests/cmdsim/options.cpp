#include <cstring>

#include "configuration.h"

// Names, defaults and kinds of the options that are known; any other name without a dot is an error.
namespace cmdsim {
namespace {

constexpr OptionKind kOptions[] = {
    {"abstract", "false", 'x', false, false},
    {"cmdenv-autoflush", "false", 'x', false, false},
    {"cmdenv-config-name", "", 's', false, true},
    {"cmdenv-event-banners", "true", 'x', false, false},
    {"cmdenv-express-mode", "true", 'x', false, false},
    {"cmdenv-interactive", "false", 'x', false, false},
    {"cmdenv-log-level", "TRACE", 's', true, false},
    {"cmdenv-log-prefix", "[%l]\t", 's', false, false},
    {"cmdenv-output-file", "${resultdir}/${configname}-${iterationvarsf}#${repetition}.out", 'f', false, false},
    {"cmdenv-performance-display", "true", 'x', false, false},
    {"cmdenv-redirect-output", "false", 'x', false, false},
    {"cmdenv-runs-to-execute", "", 's', false, true},
    {"cmdenv-status-frequency", "2s", 'x', false, false},
    {"cmdenv-stop-batch-on-error", "true", 'x', false, false},
    {"constraint", nullptr, 's', false, false},
    {"cpu-time-limit", nullptr, 'x', false, false},
    {"debug-on-errors", "false", 'x', false, false},
    {"description", nullptr, 's', false, false},
    {"eventlog-file", "${resultdir}/${configname}-${iterationvarsf}#${repetition}.elog", 'f', false, false},
    {"experiment-label", "${configname}", 's', false, false},
    {"extends", nullptr, 's', false, false},
    {"fingerprint", nullptr, 's', false, false},
    {"fname-append-host", "false", 'x', false, true},
    {"image-path", "./images", 'x', false, true},
    {"iteration-nesting-order", nullptr, 's', false, false},
    {"load-libs", "", 'x', false, true},
    {"measurement-label", "${iterationvars}", 's', false, false},
    {"ned-path", "", 'x', false, true},
    {"network", nullptr, 's', false, false},
    {"num-rngs", "1", 'x', false, false},
    {"output-scalar-file", "${resultdir}/${configname}-${iterationvarsf}#${repetition}.sca", 'f', false, false},
    {"output-scalar-file-append", "false", 'x', false, false},
    {"output-scalar-precision", "14", 'x', false, false},
    {"output-vector-file", "${resultdir}/${configname}-${iterationvarsf}#${repetition}.vec", 'f', false, false},
    {"output-vector-precision", "14", 'x', false, false},
    {"parallel-simulation", "false", 'x', false, true},
    {"param-recording", "true", 'x', true, false},
    {"print-undisposed", "true", 'x', false, false},
    {"real-time-limit", nullptr, 'x', false, false},
    {"record-eventlog", "false", 'x', false, false},
    {"repeat", "1", 'x', false, false},
    {"replication-label", "#${repetition}", 's', false, false},
    {"result-dir", "results", 's', false, false},
    {"result-recording-modes", "default", 's', true, false},
    {"resultdir-subdivision", "false", 'x', false, false},
    {"runnumber-width", "0", 'x', false, false},
    {"scalar-recording", "true", 'x', true, false},
    {"scheduler-class", "omnetpp::cSequentialScheduler", 's', false, false},
    {"seed-set", "${runnumber}", 'x', false, false},
    {"sim-time-limit", nullptr, 'x', false, false},
    {"simtime-resolution", "ps", 'x', false, true},
    {"statistic-recording", "true", 'x', true, false},
    {"user-interface", "", 's', false, true},
    {"vector-record-empty", "true", 'x', true, false},
    {"vector-recording", "true", 'x', true, false},
    {"warmup-period", nullptr, 'x', false, false},
};

}  // namespace

const OptionKind* findOption(const std::string& name) {
  for (const OptionKind& option : kOptions) {
    if (name == option.name) return &option;
  }
  return nullptr;
}

}  // namespace cmdsim
