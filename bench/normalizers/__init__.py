"""What libraries of computer vision would gain where pictures are brought into MNIST's form: right answers, time, weight.

Each recipe is what a user would write with its library, in an environment that holds that library.
"""
