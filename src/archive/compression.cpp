#include "archive/compression.h"

#include <zstd.h>
#include <zstd_errors.h>

#include <array>
#include <optional>

namespace simswarm::archive {
namespace {

constexpr int kWindowLog = 23;  // 8 MiB: the most that zstd's own levels up to 19 ask for
constexpr std::array<unsigned char, 4> kMagic{0x28, 0xb5, 0x2f, 0xfd};

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

template <typename Context>
std::unique_ptr<Context, FreeContext> owned(Context* context) {
  if (context == nullptr) throw std::bad_alloc();
  return std::unique_ptr<Context, FreeContext>(context);
}

class Compressing final : public Sink {
 public:
  Compressing(Sink& next, int level) : next_(next) {
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
  }

  Status write(std::string_view bytes) override { return compress(bytes, ZSTD_e_continue); }

  Status finish() override {
    SIMSWARM_CHECK(compress({}, ZSTD_e_end));
    return next_.finish();
  }

 private:
  Status compress(std::string_view bytes, ZSTD_EndDirective how) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    while (true) {
      ZSTD_outBuffer out{buffer_.get(), kPiece, 0};
      const std::size_t left = ZSTD_compressStream2(context_.get(), &out, &in, how);
      if (ZSTD_isError(left) != 0) return environment_error("cannot compress: {}", ZSTD_getErrorName(left));
      if (out.pos > 0) SIMSWARM_CHECK(next_.write({buffer_.get(), out.pos}));
      if (how == ZSTD_e_end ? left == 0 : in.pos == in.size) return {};
    }
  }

  Sink& next_;
  std::unique_ptr<ZSTD_CCtx, FreeContext> context_ = owned(ZSTD_createCCtx());
  std::unique_ptr<char[]> buffer_ = std::make_unique_for_overwrite<char[]>(kPiece);
};

class Decompressing final : public Source {
 public:
  explicit Decompressing(Source& packed) : packed_(packed) {
    ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kWindowLog);
  }

  Result<std::size_t> read(std::span<char> buffer) override {
    if (failed_) return propagate(*failed_);
    auto filled = fill(buffer);
    if (!filled) failed_ = filled.error();
    return filled;
  }

 private:
  Result<std::size_t> fill(std::span<char> buffer) {
    ZSTD_outBuffer out{buffer.data(), buffer.size(), 0};
    while (out.pos < out.size && !ended_) {
      if (in_.pos == in_.size && !source_ended_) SIMSWARM_CHECK(refill());
      const std::size_t had = out.pos;
      const bool starved = in_.pos == in_.size;
      const std::size_t left = ZSTD_decompressStream(context_.get(), &out, &in_);
      if (ZSTD_isError(left) != 0) return refusal(left);
      if (left == 0) {
        SIMSWARM_CHECK(expect_end());
      } else if (starved && out.pos == had) {
        return usage_error("the compressed data ends too early");
      }
    }
    return out.pos;
  }

  Status refill() {
    SIMSWARM_TRY(const std::size_t got, packed_.read({buffer_.get(), kPiece}));
    in_ = {buffer_.get(), got, 0};
    source_ended_ = got < kPiece;
    if (begun_) return {};
    begun_ = true;
    if (got == 0) return usage_error("the compressed data is empty");
    // Also what zstd itself would take besides: frames of its first versions, and such as are to be skipped.
    const auto differs = [](char a, unsigned char b) { return static_cast<unsigned char>(a) != b; };
    for (std::size_t at = 0; at < std::min(got, kMagic.size()); ++at)
      if (differs(buffer_[at], kMagic.at(at))) return usage_error("the data is not compressed with zstd");
    return {};
  }

  Status expect_end() {
    ended_ = true;
    if (in_.pos == in_.size && !source_ended_) SIMSWARM_CHECK(refill());
    if (in_.pos < in_.size) return usage_error("the compressed data has bytes behind its end");
    return {};
  }

  [[nodiscard]] static tl::unexpected<Error> refusal(std::size_t code) {
    if (ZSTD_getErrorCode(code) == ZSTD_error_frameParameter_windowTooLarge)
      return usage_error("the compressed data wants a window of more than {} MiB", 1U << (kWindowLog - 20U));
    return usage_error("the compressed data is damaged: {}", ZSTD_getErrorName(code));
  }

  Source& packed_;
  std::unique_ptr<ZSTD_DCtx, FreeContext> context_ = owned(ZSTD_createDCtx());
  std::unique_ptr<char[]> buffer_ = std::make_unique_for_overwrite<char[]>(kPiece);
  ZSTD_inBuffer in_{nullptr, 0, 0};
  bool begun_ = false;
  bool source_ended_ = false;
  bool ended_ = false;
  std::optional<Error> failed_;
};

}  // namespace

std::unique_ptr<Sink> compress_into(Sink& next, int level) {
  return std::make_unique<Compressing>(next, level);
}

std::unique_ptr<Source> decompress(Source& packed) {
  return std::make_unique<Decompressing>(packed);
}

}  // namespace simswarm::archive
