"""The ROS 2 nodes, one a file. They wire topics, services and parameters to the layers below."""
