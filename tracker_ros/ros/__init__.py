"""What ROS 2 nodes share: image and message conversion, quality of service, parameters, transitions."""
