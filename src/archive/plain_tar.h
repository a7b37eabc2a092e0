// Tars that are made and looked through entry by entry, without a folder to hold them: layers of images, contexts of
// builds, images on their way.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "archive/headers.h"
#include "base/stream.h"

namespace simswarm::archive {

// Everything is of 1970 and root's, so content alone decides the bytes. Entries stand in the order in which they are
// added; that paths are good ones is the caller's word. The sink, which must outlive it, is not finished.
class TarWriter {
 public:
  explicit TarWriter(Sink& sink) : sink_(sink) {}

  [[nodiscard]] Status folder(const std::string& path, unsigned mode = 0755);
  [[nodiscard]] Status link(const std::string& path, const std::string& target);
  [[nodiscard]] Status file(const std::string& path, std::string_view content, unsigned mode = 0644);
  // So many bytes of the source; an error where it has not as many. That it has more is not looked at.
  [[nodiscard]] Status file(const std::string& path, Source& content, std::uint64_t size, unsigned mode = 0644);
  // For a content that is written to the sink by others: what comes before it, and behind it.
  [[nodiscard]] Status begin(const std::string& path, std::uint64_t size, unsigned mode = 0644);
  [[nodiscard]] Status pad(std::uint64_t size);
  // The mark of the end; once.
  [[nodiscard]] Status end();

 private:
  [[nodiscard]] Status header(char kind, const std::string& path, const std::string& target, std::uint64_t size,
                              unsigned mode);
  [[nodiscard]] Status long_name(char kind, const std::string& name);

  Sink& sink_;
};

// Is given each entry in turn, with what it holds: to be read as far as it is wanted.
using VisitEntry = std::function<Status(const Headers&, Source& content)>;
// Headers are read as strictly as unpack() (tar.h) does it: what is no whole tar, names with faults, devices, hard
// links and sparse files are errors; that a path comes twice is the visitor's to see. All of the source is read.
[[nodiscard]] Status visit_tar(Source& tar, const VisitEntry& visit);

}  // namespace simswarm::archive
