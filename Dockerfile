# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
# tracker_ros on a CPU, in the official image of a ROS 2 distribution (jazzy or later).
#
#   docker build -t tracker_ros .
#   docker run --rm -v "$PWD/out:/ws/out" tracker_ros                          # the demonstration
#   docker run --rm --net=host --ipc=host tracker_ros ros2 launch tracker_ros uav_tracking.launch.py image:=/camera/image_raw
#
# pip takes the CUDA build of PyTorch, some GB. For the CPU build name the index that pytorch.org gives for it:
#   docker build -t tracker_ros --build-arg PIP_EXTRA_INDEX_URL=...
ARG ROS_DISTRO=jazzy
FROM ros:${ROS_DISTRO}-ros-base
ARG PIP_EXTRA_INDEX_URL=""

RUN apt-get update && apt-get install -y --no-install-recommends python3-pip python3-venv && rm -rf /var/lib/apt/lists/*
WORKDIR /ws
COPY . src/tracker_ros
# rosdep's pip keys are installed into the environment below, with the rest that has no Debian package.
RUN apt-get update && rosdep update --rosdistro "$ROS_DISTRO" \
    && rosdep install -y --from-paths src --ignore-src --rosdistro "$ROS_DISTRO" -t exec -t build -t buildtool \
       --skip-keys "python3-pymavlink-pip python3-rosbags-pip" \
    && rm -rf /var/lib/apt/lists/*
# The distribution's numpy and OpenCV stay: cv_bridge was built for them.
RUN python3 -m venv --system-site-packages /ws/venv \
    && PIP_EXTRA_INDEX_URL="$PIP_EXTRA_INDEX_URL" /ws/venv/bin/pip install --no-cache-dir \
       "numpy<2" "torch>=2.3" safetensors pymavlink rosbags
RUN . "/opt/ros/$ROS_DISTRO/setup.sh" && . venv/bin/activate \
    && colcon build --packages-select tracker_ros --cmake-args -DBUILD_TESTING=OFF -DPython3_EXECUTABLE=/ws/venv/bin/python3
ENV PATH=/ws/venv/bin:$PATH
COPY build_support/docker_entry.sh /entry.sh
ENTRYPOINT ["/entry.sh"]
CMD ["tracker_ros", "demo", "--out", "/ws/out"]
