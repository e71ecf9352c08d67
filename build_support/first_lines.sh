#!/bin/sh
''':'
# SPDX-FileCopyrightText: 2026 tracker_ros developers
# SPDX-License-Identifier: Apache-2.0
# For the shell a program, for Python a string: run this file by the Python of the environment that it lies in
# (its lib/tracker_ros), or else by the python3 on the PATH.
python="$(dirname "$(readlink -f "$0")")/../../bin/python3"
[ -x "$python" ] || python=python3
exec "$python" "$0" "$@"
'''
