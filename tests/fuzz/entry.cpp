#include <cstdint>

#include "fuzz_support.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  simswarm::fuzz::check({reinterpret_cast<const char*>(data), size});
  return 0;
}

// Freed memory is watched for a while, and not used again: with the large buffers of readers of files each input would
// touch new pages, which takes most of the time.
extern "C" const char* __asan_default_options() {
  return "quarantine_size_mb=4:thread_local_quarantine_size_kb=64";
}
