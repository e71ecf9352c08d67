// SPDX-FileCopyrightText: 2026 tracker_ros developers
// SPDX-License-Identifier: Apache-2.0
// Tracks a target with an archive of `tracker_ros export`, without Python.
//
//   ffmpeg -i flight.mp4 -f rawvideo -pix_fmt rgb24 - | cpp_track dcf.ts 640 480 cx cy w h
//
// Reads RGB frames of the given width and height from standard input and writes a line for each frame
// after the first: cx cy w h score, in pixels.

#include <ATen/Parallel.h>
#include <torch/script.h>

#include <cstdint>
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

namespace {

// The next frame, uint8 [3, H, W]; false at the end of the stream.
bool read_frame(int64_t width, int64_t height, torch::Tensor& frame) {
  std::vector<uint8_t> bytes(static_cast<size_t>(width * height * 3));
  if (std::fread(bytes.data(), 1, bytes.size(), stdin) != bytes.size()) return false;
  frame = torch::from_blob(bytes.data(), {height, width, 3}, torch::kUInt8).permute({2, 0, 1}).contiguous();
  return true;
}

int track(const char* archive, int64_t width, int64_t height, const std::vector<float>& first) {
  c10::InferenceMode guard;
  at::set_num_threads(1);
  torch::jit::Module tracker = torch::jit::load(archive);
  torch::Tensor frame;
  if (!read_frame(width, height, frame)) {
    std::cerr << "no frame of " << width << " x " << height << " RGB on standard input\n";
    return 2;
  }
  torch::jit::IValue state = tracker.get_method("initialize")({frame, torch::tensor(first)});
  while (read_frame(width, height, frame)) {
    torch::jit::IValue estimate = tracker.get_method("localize")({frame, state});
    state = tracker.get_method("update")({frame, state, estimate});
    const auto& parts = estimate.toTupleRef().elements();
    const torch::Tensor box = parts[0].toTensor();
    for (int64_t i = 0; i < 4; ++i) std::printf("%.4f ", box[i].item<float>());
    std::printf("%.4f\n", parts[1].toTensor().item<float>());
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 8) {
    std::cerr << "usage: cpp_track ARCHIVE WIDTH HEIGHT CX CY W H < frames.rgb\n";
    return 2;
  }
  try {
    std::vector<float> box;
    for (int i = 4; i < 8; ++i) box.push_back(std::stof(argv[i]));
    return track(argv[1], std::stol(argv[2]), std::stol(argv[3]), box);
  } catch (const c10::Error& error) {  // its what() ends in a backtrace
    std::cerr << error.what_without_backtrace() << "\n";
    return 1;
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
